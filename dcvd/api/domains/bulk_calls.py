"""Bulk calls: how one is read, and how the results of a body of lines are streamed."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope
from msgspec import Struct

from dcvd.http.bodies import ndjson
from dcvd.http.bodies.ndjson import RawLine, read_lines
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.limits.admission_limits import StreamSlots
from dcvd.http.request import ApiRequest
from dcvd.kit.http.server.protocol import LONG_BODY_EXTENSION
from dcvd.services.domains.bulk import BulkRequest

_PARSE_BATCH: Final = 250  # lines; between two batches other requests are served


class BulkAction(Struct, frozen=True):
    """What a bulk call does: `parse` reads a line, `apply` carries out several, `to_view` shows the result of one."""

    parse: Callable[[RawLine], Any]
    apply: Callable[[Sequence[Any]], AsyncIterator[list[Any]]]
    to_view: Callable[[Any], Struct]


def stream_results(request: ApiRequest, call: BulkRequest, action: BulkAction) -> StreamingResponse:
    """Build the answer to a body of lines, which are carried out as they arrive."""
    allow_long_body(request.scope)
    pieces = generate_results(request.receive, request.services.stream_slots, call, action)
    return StreamingResponse(pieces, media_type=ndjson.MEDIA_TYPE)


async def generate_results(
    receive: Receive, slots: StreamSlots, call: BulkRequest, action: BulkAction
) -> AsyncGenerator[bytes, None]:
    """Yield a line of JSON for each line that arrives, in the same order."""
    encoder = msgspec.json.Encoder()
    async with slots.reserve(call.org_id):
        async for raw_lines in read_lines(receive):
            for start in range(0, len(raw_lines), _PARSE_BATCH):
                lines = [action.parse(line) for line in raw_lines[start : start + _PARSE_BATCH]]
                async for results in action.apply(lines):
                    yield encoder.encode_lines([action.to_view(result) for result in results])


def allow_long_body(scope: Scope) -> None:
    """Lift the server's time limit for this request's body, as long as the body keeps arriving."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    allow = extensions.get(LONG_BODY_EXTENSION)
    if allow is not None:
        allow()
