"""Answers that are sent while they are still being produced."""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from dcvd.http.bodies.body import ClientGone

_COMPRESS_ABOVE_BYTES: Final = 256 << 10
MAX_BUFFER_BYTES: Final = 16 << 20


class ResponseBuffer:
    """Keeps pieces of an answer until its client takes them: compressed when they are many, and of bounded size."""

    def __init__(self, *, max_bytes: int = MAX_BUFFER_BYTES) -> None:
        """`max_bytes`: the bytes that may be kept before the producer has to wait."""
        self._max_bytes = max_bytes
        self._pieces: deque[tuple[bool, bytes]] = deque()
        self._size = 0
        self._is_closed = False
        self._change = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Add a piece, once there is room."""
        while self._size >= self._max_bytes:
            self._change.clear()
            await self._change.wait()
        is_compressed = self._size >= _COMPRESS_ABOVE_BYTES
        content = zlib.compress(piece, 1) if is_compressed else piece
        self._pieces.append((is_compressed, content))
        self._size += len(content)
        self._change.set()

    def close(self) -> None:
        """Mark the end: no more pieces follow."""
        self._is_closed = True
        self._change.set()

    async def take(self) -> bytes | None:
        """Take the next piece, once there is one; None at the end."""
        while not self._pieces:
            if self._is_closed:
                return None
            self._change.clear()
            await self._change.wait()
        is_compressed, content = self._pieces.popleft()
        self._size -= len(content)
        self._change.set()
        return zlib.decompress(content) if is_compressed else content


class StreamingResponse(Response[None]):
    """An answer that is sent in pieces, possibly while the request's body still arrives.

    The client need not read until it has sent its body. A failure before the first piece is answered as any other; a
    later one ends the connection in the middle, so that nobody takes a part for the whole.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        max_buffer_bytes: int = MAX_BUFFER_BYTES,
    ) -> None:
        """`max_buffer_bytes`: how many bytes of the answer may wait for the client to read them."""
        super().__init__(None, media_type=media_type, headers=dict(headers or {}))
        self._pieces = pieces
        self._max_buffer_bytes = max_buffer_bytes

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:  # noqa: ARG002
        """Build the ASGI response, for Litestar."""
        buffer = ResponseBuffer(max_bytes=self._max_buffer_bytes)
        return _StreamingAsgiResponse(self._pieces, buffer, media_type=str(self.media_type), headers=dict(self.headers))


class _StreamingAsgiResponse(ASGIResponse):
    _should_set_content_length = False

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], buffer: ResponseBuffer, *, media_type: str, headers: dict[str, Any]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._pieces = pieces
        self._buffer = buffer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        producer = asyncio.create_task(self._fill_buffer(), name="api.stream")
        try:
            piece = await self._buffer.take()
            if piece is None:
                await producer
            await self.start_response(send)
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._buffer.take()
            try:
                await producer
            except ClientGone:
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            producer.cancel()
            await asyncio.gather(producer, return_exceptions=True)

    async def _fill_buffer(self) -> None:
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._buffer.put(piece)
        finally:
            self._buffer.close()
