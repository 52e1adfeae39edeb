"""Server-sent events, by which an open page learns that there is something new to see."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from dcvd.http.limits.live_streams import LiveStreams
from dcvd.services.domains.watching import DomainWatchers

_RECONNECT_MS: Final = 3_000
_SILENCE_S: Final = 25.0
"""After so long a comment is sent, so that no proxy ends the stream."""
_EAGER_S: Final = 10.0
_EAGER_FOR_S: Final = 300.0
_JITTER: Final = 0.2
"""So that pages that were opened together do not go on to ask together."""
_GATHER_S: Final = 0.2
"""Changes that follow each other so closely are told as one."""


async def tell_changes(
    watchers: DomainWatchers,
    streams: LiveStreams,
    bearer_id: str,
    domain_id: str,
    *,
    hurry: Callable[[], Awaitable[None]],
    random_fraction: Callable[[], float],
) -> AsyncGenerator[bytes, None]:
    """Yield an event `changed` for each change of a domain, until the daemon stops. Raises TooManyRequests.

    hurry: called now and then in the first minutes, to have the domain checked soon: whoever has just opened the page
    has often just changed their DNS.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with streams.hold(bearer_id), watchers.watch(domain_id) as changed:
        yield b"retry: %d\n\n" % _RECONNECT_MS
        await hurry()
        while not watchers.is_closed:
            is_eager = loop.time() - began_s < _EAGER_FOR_S
            try:
                async with asyncio.timeout((_EAGER_S if is_eager else _SILENCE_S) * (1 - _JITTER * random_fraction())):
                    await changed.wait()
            except TimeoutError:
                if is_eager:
                    await hurry()
                yield b":\n\n"
                continue
            await asyncio.sleep(_GATHER_S)
            changed.clear()
            yield b"event: changed\ndata:\n\n"
