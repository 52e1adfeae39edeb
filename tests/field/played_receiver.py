"""A receiver on a real socket that plays one entry of receivers.toml."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

from msgspec import Struct

_LENGTH: Final = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry; README.md describes each member."""

    name: str
    source: str

    answer: str = ""
    raw: tuple[str, ...] = ()
    pause_ms: int = 0
    comes: Literal["after the request", "after its head", "instead of it"] = "after the request"
    connection: Literal["new", "kept", "given up while idle"] = "new"
    ends: Literal["kept", "closed", "reset"] = "kept"
    https: bool = False
    timeout_s: int | None = None

    outcome: str
    status: int = 0
    reason: str = ""
    body_fault: str = ""
    requests: int = 1
    attempts: int = 1
    uncounted: int = 0
    failures: int | None = None
    paused_ms: int = 0
    retry_after_ms: int | None = None
    says: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()

    @property
    def pieces(self) -> list[bytes]:
        """What is sent, piece by piece."""
        return [piece.encode("latin-1") for piece in self.raw] or ([_to_bytes(self.answer)] if self.answer else [])


class PlayedReceiver:
    """Plays an entry on `port`; `requests` counts those that came whole."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.port = 0
        self.requests = 0
        self._tasks = set[asyncio.Task[None]]()

    @property
    def url(self) -> str:
        return f"http{'s' * self.entry.https}://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        writer.transport.abort()
        self._tasks.discard(task)

    async def stop(self) -> None:
        """End what still goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether another request may come over the connection."""
        if self.entry.comes == "instead of it":
            await reader.readexactly(1)
            self.requests += 1
            return await self._play(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        if self.entry.comes == "after its head":
            await self._send(writer)
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        self.requests += 1
        if self.entry.comes == "after its head":
            return self.entry.ends == "kept"
        if self.entry.connection == "new" or (self.entry.connection == "kept" and self.requests == 2):
            return await self._play(writer)
        writer.write(_GOOD)
        if self.entry.connection == "given up while idle" and self.requests == 1:
            await writer.drain()
            return await self._play(writer)
        return True

    async def _play(self, writer: asyncio.StreamWriter) -> bool:
        await self._send(writer)
        if self.entry.ends == "reset":
            raw_socket: socket.socket = writer.get_extra_info("socket")
            raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if self.entry.ends == "closed":
            writer.close()
            await writer.wait_closed()
        return self.entry.ends == "kept"

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(self.entry.pieces):
            if number:
                await asyncio.sleep(self.entry.pause_ms / 1000)
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def playing(entries: list[Entry]) -> AsyncIterator[list[PlayedReceiver]]:
    """A receiver for each entry, each on a port of its own."""
    receivers = [PlayedReceiver(entry) for entry in entries]
    servers = [await asyncio.start_server(receiver.serve, "127.0.0.1", 0) for receiver in receivers]
    for receiver, server in zip(receivers, servers, strict=True):
        receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receivers
    finally:
        for server in servers:
            server.close()
        for receiver in receivers:
            await receiver.stop()


def _to_bytes(answer: str) -> bytes:
    """An answer with the line ends of HTTP in its head, and with the length of its body where it says nothing of it."""
    head, _, body = answer.partition("\n\n")
    lines = head.split("\n")
    content = body.encode()
    if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines):
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
