"""Requests over some connections that are kept open, as cheap as they can be: what they cost the server counts."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, cast

from msgspec import Struct

CONNECTIONS: Final = 32
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Load(Struct, frozen=True):
    """What came of it. times_ms: of each request, from its first byte to the last one of its answer."""

    requests: int
    seconds: float
    times_ms: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    def percentile_ms(self, part: float) -> float:
        """The time within which this part of the answers came."""
        ordered = sorted(self.times_ms)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered. `requests` is shared by all connections."""

    def __init__(self, requests: Iterator[bytes], times_ms: list[float], ended: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._times_ms = times_ms
        self._ended = ended
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head_size = self._buffer.find(_HEAD_END)
        if head_size < 0:
            return
        head = self._buffer[:head_size].lower()
        start = head.find(_LENGTH) + len(_LENGTH)
        length = int(head[start:].split(b"\r", 1)[0])
        if len(self._buffer) < head_size + 4 + length:
            return
        status = int(self._buffer[9:12])
        if status >= 400 and not self._ended.done():
            self._ended.set_exception(AssertionError(self._buffer[:2000].decode(errors="replace")))
        self._buffer = b""
        self._times_ms.append((time.perf_counter() - self._began) * 1000)
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(error or ConnectionResetError("the server ended the connection"))

    def _send_next(self) -> None:
        request = next(self._requests, None)
        assert self._transport is not None
        if request is None:
            if not self._ended.done():
                self._ended.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def put_load(port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS) -> Load:
    """Send all requests, one at a time on each connection. Raises AssertionError for an answer of 400 or more."""
    loop, shared, times_ms = asyncio.get_running_loop(), iter(requests), list[float]()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for ended in ends:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        await loop.create_connection(partial(_Connection, shared, times_ms, ended), sock=connection)
    await asyncio.gather(*ends)
    return Load(len(requests), time.perf_counter() - began, times_ms)


def write_request(
    method: str, path: str, *, token: str | None = None, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """Write an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + _HEAD_END + body
