"""An answer that a browser stores as a file for a spreadsheet."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Final

from litestar.types import Receive

from dcvd.http.bodies.presence import stream_while_connected
from dcvd.http.bodies.stream import StreamingResponse

_MEDIA_TYPE: Final = "text/csv; header=present"
_MAX_BUFFER_BYTES: Final = 64 << 10  # bytes


def answer_csv(
    receive: Receive, pieces: AsyncGenerator[bytes, None], filename: str, admission: AbstractContextManager[None]
) -> StreamingResponse:
    """Answer with lines of CSV, as long as the client takes them. admission: held all the while; what it raises too."""
    return StreamingResponse(
        stream_while_connected(receive, _hold(admission, pieces)),
        media_type=_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        max_buffer_bytes=_MAX_BUFFER_BYTES,
    )


async def _hold(
    admission: AbstractContextManager[None], pieces: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    with admission:
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
