"""How a bulk call comes in, whole or line by line, and how its answer goes out."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope
from msgspec import Struct

from dcvd.api.http import ndjson
from dcvd.api.http.admission_limits import StreamSlots
from dcvd.api.http.ndjson import RawLine, read_lines
from dcvd.api.http.request import ApiRequest
from dcvd.api.http.stream import StreamingResponse
from dcvd.core.domains.bulk import validate_key
from dcvd.errors import InvalidInput
from dcvd.kit.http.protocol import LONG_BODY_EXTENSION
from dcvd.services.domains.bulk import BulkRequest

KEY_HEADER: Final = "Idempotency-Key"
_PARSE_BATCH: Final = 250  # lines; in between everybody else has his turn


class BulkAction(Struct, frozen=True):
    """What is done with lines: `parse` reads one, `apply` does some of them, `to_view` shows what came of one."""

    parse: Callable[[RawLine], Any]
    apply: Callable[[Sequence[Any]], AsyncIterator[list[Any]]]
    to_view: Callable[[Any], Struct]


def read_call(
    request: ApiRequest, org_id: str, actor: str, *, dry_run: bool, remove_records: bool = False
) -> BulkRequest:
    """Who calls, and under which key. Raises InvalidInput for a key that cannot be one."""
    given = request.headers.getall(KEY_HEADER, [])
    if len(given) > 1:
        raise InvalidInput(KEY_HEADER, f"{KEY_HEADER} was sent {len(given)} times; send one.")
    return BulkRequest(
        org_id=org_id,
        actor=actor,
        idempotency_key=validate_key(given[0]) if given else None,
        dry_run=dry_run,
        remove_records=remove_records,
    )


def stream_results(request: ApiRequest, call: BulkRequest, action: BulkAction) -> StreamingResponse:
    """The answer to lines that are read as they come."""
    allow_long_body(request.scope)
    pieces = generate_results(request.receive, request.services.stream_slots, call, action)
    return StreamingResponse(pieces, media_type=ndjson.MEDIA_TYPE)


async def generate_results(
    receive: Receive, slots: StreamSlots, call: BulkRequest, action: BulkAction
) -> AsyncGenerator[bytes, None]:
    """A line of JSON for each line that comes, in their order."""
    encoder = msgspec.json.Encoder()
    async with slots.reserve(call.org_id):
        async for raw in read_lines(receive):
            for start in range(0, len(raw), _PARSE_BATCH):
                lines = [action.parse(line) for line in raw[start : start + _PARSE_BATCH]]
                async for done in action.apply(lines):
                    yield encoder.encode_lines([action.to_view(result) for result in done])


def allow_long_body(scope: Scope) -> None:
    """Has the server give this request's body all the time that it takes, as long as it moves."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    allow = extensions.get(LONG_BODY_EXTENSION)
    if allow is not None:
        allow()
