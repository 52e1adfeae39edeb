"""Server-sent events, by which an open page learns that there is something new to see."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from litestar import Response

from dcvd.http.bodies.presence import stream_while_connected
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.request import ApiRequest
from dcvd.services.sessions import queries
from dcvd.store.engine.transactions import Topic

_RECONNECT_MS: Final = 3_000
_SILENCE_S: Final = 25.0
"""After so long a comment is sent, so that no proxy ends the stream."""
_EAGER_S: Final = 10.0
_EAGER_FOR_S: Final = 300.0
_JITTER: Final = 0.2
"""So that pages that were opened together do not go on to ask together."""
_GATHER_S: Final = 0.2
"""Changes that follow each other so closely are told as one."""
_MAX_GATHER_S: Final = 0.8
"""Where they go on, more and more of them are told as one: a page that is asked for without end helps nobody."""
_MEDIA_TYPE: Final = "text/event-stream"
_MAX_BUFFER_BYTES: Final = 4096


def answer_changes(
    request: ApiRequest, topic: Topic, key: str, *, hurry: Callable[[], Awaitable[None]] | None = None
) -> Response[Any]:
    """Tell an open page of each change of what it shows; see `services.watching` for `topic` and `key`.

    hurry: called now and then in the first minutes, to have a domain checked soon: whoever has just opened its page
    has often just changed their DNS.
    """
    if request.is_head:
        return Response(b"", media_type=_MEDIA_TYPE)
    return StreamingResponse(
        stream_while_connected(request.receive, _tell_changes(request, topic, key, hurry)),
        media_type=_MEDIA_TYPE,
        headers={"X-Accel-Buffering": "no"},
        max_buffer_bytes=_MAX_BUFFER_BYTES,
    )


async def _tell_changes(
    request: ApiRequest, topic: Topic, key: str, hurry: Callable[[], Awaitable[None]] | None
) -> AsyncGenerator[bytes, None]:
    """Yield an event `changed` for each change, until the daemon stops or the session ends. Raises TooManyRequests."""
    services, context, caller = request.services, request.context, request.auth
    watchers, loop = services.watchers, asyncio.get_running_loop()
    began_s, told_s, gather_s = loop.time(), float("-inf"), _GATHER_S
    with services.live_streams.hold(caller), watchers.watch(topic, key) as changed:
        ends_at = await _find_end(request)
        yield b"retry: %d\n\n" % _RECONNECT_MS
        if hurry is not None:
            await hurry()
        while not watchers.is_closed:
            is_eager = hurry is not None and loop.time() - began_s < _EAGER_FOR_S
            silence_s = (_EAGER_S if is_eager else _SILENCE_S) * (1 - _JITTER * context.random_fraction())
            with suppress(TimeoutError):
                async with asyncio.timeout(silence_s):
                    await changed.wait()
            if context.now() >= ends_at and context.now() >= (ends_at := await _find_end(request)):
                return
            if not changed.is_set():
                if is_eager and hurry is not None:
                    await hurry()
                yield b":\n\n"
                continue
            goes_on = loop.time() - told_s < _GATHER_S
            gather_s = min(2 * gather_s, _MAX_GATHER_S) if goes_on else _GATHER_S
            await asyncio.sleep(gather_s)
            changed.clear()
            yield b"event: changed\ndata:\n\n"
            told_s = loop.time()


async def _find_end(request: ApiRequest) -> float:
    """Return when the session ends, unless it is used until then; 0 where it has. A link ends its requests itself."""
    session_id = request.auth.session_id
    if session_id is None:
        return math.inf
    return await queries.find_end(request.context, session_id, request.services.token_usage.update_session) or 0
