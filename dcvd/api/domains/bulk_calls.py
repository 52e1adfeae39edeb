"""How a bulk call comes in, whole or line by line, and how its answer goes out."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope
from msgspec import Struct

from dcvd.api.http import ndjson
from dcvd.api.http.admission_limits import Streams
from dcvd.api.http.ndjson import RawLine, raw_lines
from dcvd.api.http.request import ApiRequest
from dcvd.api.http.stream import Streamed
from dcvd.core.domains.bulk import checked_key
from dcvd.errors import InvalidInput
from dcvd.kit.http.protocol import LONG_BODY
from dcvd.services.domains.bulk import Call

KEY_HEADER: Final = "Idempotency-Key"
_PARSED_AT_ONCE: Final = 250  # lines; in between everybody else has his turn


class Verb(Struct, frozen=True):
    """What is done with lines: `parse` reads one, `take` does some of them, `view` shows what came of one."""

    parse: Callable[[RawLine], Any]
    take: Callable[[Sequence[Any]], AsyncIterator[list[Any]]]
    view: Callable[[Any], Struct]


def call_of(request: ApiRequest, org_id: str, actor: str, *, dry_run: bool, remove_records: bool = False) -> Call:
    """Who calls, and under which key. Raises InvalidInput for a key that cannot be one."""
    given = request.headers.getall(KEY_HEADER, [])
    if len(given) > 1:
        raise InvalidInput(KEY_HEADER, f"{KEY_HEADER} was sent {len(given)} times; send one.")
    return Call(
        org_id=org_id,
        actor=actor,
        key=checked_key(given[0]) if given else None,
        dry_run=dry_run,
        remove_records=remove_records,
    )


def streamed(request: ApiRequest, call: Call, verb: Verb) -> Streamed:
    """The answer to lines that are read as they come."""
    allow_long_body(request.scope)
    pieces = results(request.receive, request.parts.streams, call, verb)
    return Streamed(pieces, media_type=ndjson.MEDIA_TYPE)


async def results(receive: Receive, streams: Streams, call: Call, verb: Verb) -> AsyncGenerator[bytes, None]:
    """A line of JSON for each line that comes, in their order."""
    encoder = msgspec.json.Encoder()
    async with streams.one_of(call.org_id):
        async for raw in raw_lines(receive):
            for start in range(0, len(raw), _PARSED_AT_ONCE):
                lines = [verb.parse(line) for line in raw[start : start + _PARSED_AT_ONCE]]
                async for done in verb.take(lines):
                    yield encoder.encode_lines([verb.view(result) for result in done])


def allow_long_body(scope: Scope) -> None:
    """Has the server give this request's body all the time that it takes, as long as it moves."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    allow = extensions.get(LONG_BODY)
    if allow is not None:
        allow()
