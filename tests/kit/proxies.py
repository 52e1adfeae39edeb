"""A proxy that makes tunnels by CONNECT, and does whatever else a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Misbehaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ConnectProxy:
    """Makes tunnels. asked: the authorities of every CONNECT, in order. fields: those of the last one, in lower case.

    misbehave: what it does instead, after it has read the head. refusals: the status for an authority that gets none.
    on_asked: gets the writer of each client.
    """

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.fields: dict[str, str] = {}
        self.open_tunnels = 0
        self.misbehave: Misbehaviour | None = None
        self.refusals: dict[str, int] = {}
        self.on_asked: Callable[[asyncio.StreamWriter], object] = lambda _: None

    def answer(self, piece: bytes) -> None:
        """Answer everything with these bytes, and then say nothing more."""

        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(piece)
            await writer.drain()
            await reader.read()

        self.misbehave = say

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        method, authority, version = request_line.split(" ")
        assert (method, version) == ("CONNECT", "HTTP/1.1")
        self.asked.append(authority)
        self.fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        self.on_asked(writer)
        if self.misbehave is not None:
            await self.misbehave(reader, writer)
            return
        status = self.refusals.get(authority)
        if status is not None:
            writer.write(f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return
        host, _, port = authority.rpartition(":")
        try:
            far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        self.open_tunnels += 1
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            both = [asyncio.create_task(_pump(reader, far_writer)), asyncio.create_task(_pump(far_reader, writer))]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        finally:
            self.open_tunnels -= 1
            far_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@asynccontextmanager
async def proxying(tls: ssl.SSLContext | None = None) -> AsyncIterator[ConnectProxy]:
    """The proxy, at work on loopback."""
    proxy = ConnectProxy()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await proxy.serve(reader, writer)
                # Gracefully, so that what was written arrives.
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
