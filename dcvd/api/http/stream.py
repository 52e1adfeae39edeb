"""Answers that are sent while they are made."""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from dcvd.api.http.body import ClientGone

_COMPRESS_ABOVE_BYTES: Final = 256 << 10
MAX_BUFFER_BYTES: Final = 16 << 20


class ResponseBuffer:
    """Pieces of an answer that its client does not take yet; compressed where they are many, and of bounded size."""

    def __init__(self, *, max_bytes: int = MAX_BUFFER_BYTES) -> None:
        """`max_bytes`: the bytes that may be kept before whoever makes the answer has to wait."""
        self._max_bytes = max_bytes
        self._pieces: deque[tuple[bool, bytes]] = deque()
        self._size = 0
        self._is_closed = False
        self._change = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Keep a piece, once there is room."""
        while self._size >= self._max_bytes:
            self._change.clear()
            await self._change.wait()
        packed = self._size >= _COMPRESS_ABOVE_BYTES
        kept = zlib.compress(piece, 1) if packed else piece
        self._pieces.append((packed, kept))
        self._size += len(kept)
        self._change.set()

    def close(self) -> None:
        """Nothing more comes."""
        self._is_closed = True
        self._change.set()

    async def take(self) -> bytes | None:
        """The next piece, once there is one; None at the end."""
        while not self._pieces:
            if self._is_closed:
                return None
            self._change.clear()
            await self._change.wait()
        packed, kept = self._pieces.popleft()
        self._size -= len(kept)
        self._change.set()
        return zlib.decompress(kept) if packed else kept


class StreamingResponse(Response[None]):
    """An answer of pieces. What they are made from may still be coming in: the client need not read meanwhile.

    A failure before the first piece is answered as any other; one behind it ends the connection in the middle, so that
    nobody takes what came for the whole.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        max_buffer_bytes: int = MAX_BUFFER_BYTES,
    ) -> None:
        """`max_buffer_bytes`: bytes of the answer that are made ahead of what the client takes."""
        super().__init__(None, media_type=media_type, headers=dict(headers or {}))
        self._pieces = pieces
        self._max_buffer_bytes = max_buffer_bytes

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:  # noqa: ARG002
        """Litestar asks for what is to be sent."""
        backlog = ResponseBuffer(max_bytes=self._max_buffer_bytes)
        return _StreamingAsgiResponse(
            self._pieces, backlog, media_type=str(self.media_type), headers=dict(self.headers)
        )


class _StreamingAsgiResponse(ASGIResponse):
    _should_set_content_length = False

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], buffer: ResponseBuffer, *, media_type: str, headers: dict[str, Any]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._pieces = pieces
        self._buffer = buffer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        making = asyncio.create_task(self._fill_buffer(), name="api.stream")
        try:
            piece = await self._buffer.take()
            if piece is None:
                await making
            await self.start_response(send)
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._buffer.take()
            try:
                await making
            except ClientGone:
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _fill_buffer(self) -> None:
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._buffer.put(piece)
        finally:
            self._buffer.close()
