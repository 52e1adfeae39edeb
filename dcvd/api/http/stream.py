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

_KEPT_PLAIN: Final = 256 << 10
MOST_KEPT: Final = 16 << 20


class Backlog:
    """Pieces of an answer that its client does not take yet; compressed where they are many, and of bounded size."""

    def __init__(self, *, most: int = MOST_KEPT) -> None:
        """`most`: the bytes that may be kept before whoever makes the answer has to wait."""
        self._most = most
        self._pieces: deque[tuple[bool, bytes]] = deque()
        self._size = 0
        self._ended = False
        self._changed = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Keep a piece, once there is room."""
        while self._size >= self._most:
            self._changed.clear()
            await self._changed.wait()
        packed = self._size >= _KEPT_PLAIN
        kept = zlib.compress(piece, 1) if packed else piece
        self._pieces.append((packed, kept))
        self._size += len(kept)
        self._changed.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._changed.set()

    async def take(self) -> bytes | None:
        """The next piece, once there is one; None at the end."""
        while not self._pieces:
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        packed, kept = self._pieces.popleft()
        self._size -= len(kept)
        self._changed.set()
        return zlib.decompress(kept) if packed else kept


class Streamed(Response[None]):
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
        most_kept: int = MOST_KEPT,
    ) -> None:
        """`most_kept`: bytes of the answer that are made ahead of what the client takes."""
        super().__init__(None, media_type=media_type, headers=dict(headers or {}))
        self._pieces = pieces
        self._most_kept = most_kept

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:  # noqa: ARG002
        """Litestar asks for what is to be sent."""
        backlog = Backlog(most=self._most_kept)
        return _Sender(self._pieces, backlog, media_type=str(self.media_type), headers=dict(self.headers))


class _Sender(ASGIResponse):
    _should_set_content_length = False

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], backlog: Backlog, *, media_type: str, headers: dict[str, Any]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._pieces = pieces
        self._backlog = backlog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        making = asyncio.create_task(self._make(), name="api.stream")
        try:
            piece = await self._backlog.take()
            if piece is None:
                await making
            await self.start_response(send)
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._backlog.take()
            try:
                await making
            except ClientGone:
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _make(self) -> None:
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._backlog.put(piece)
        finally:
            self._backlog.end()
