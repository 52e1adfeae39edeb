"""`/operator/import/predecessor`: what the predecessor knew, brought row by row by `dcvd import-predecessor`."""

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from dcvd.api.domains.bulk_calls import allow_long_body
from dcvd.core.predecessor.rows import MAX_ROWS, ImportRequest, decode_request
from dcvd.errors import InvalidInput
from dcvd.http.bodies.ndjson import MEDIA_TYPE
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.request import ApiRequest
from dcvd.services.predecessor import importing

MAX_BODY_BYTES: Final = 1 << 20


@post("/import/predecessor", summary="Import what the predecessor knew", status_code=200)
async def import_rows(request: ApiRequest) -> Response[Any]:
    """Import rows in their order; the answer has a line for each, as it is stored, and empty ones between.

    Nothing of it is sent as an event, and no mail goes out. A repeat brings only what is new.
    """
    allow_long_body(request.scope)
    body = await request.read_body(MAX_BODY_BYTES, may_be_empty=False)
    try:
        data = decode_request(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # Not chained, and without its words: the body has secrets.
        path = str(error).rpartition("`")[0].rpartition("`")[2] if isinstance(error, msgspec.ValidationError) else "$"
        raise InvalidInput("body", f"The body is not what dcvd import-predecessor sends: see {path}.") from None
    if len(data.rows) > MAX_ROWS:
        raise InvalidInput("rows", f"There are {len(data.rows)} rows; {MAX_ROWS} come by one call.")
    services = request.services
    importer = importing.Importer(request.context, services.cloudflare, services.access, services.logos)
    return StreamingResponse(_generate(importer, data), media_type=MEDIA_TYPE)


async def _generate(importer: "importing.Importer", data: ImportRequest) -> AsyncGenerator[bytes, None]:
    encoder = msgspec.json.Encoder()
    async for results in importer.run(data):
        yield encoder.encode_lines(results) if results else b"\n"


HANDLERS: Final[list[HTTPRouteHandler]] = [import_rows]
