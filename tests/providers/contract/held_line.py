"""A line to a server on loopback that holds up one portion of what is said on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PORTION_BYTES = 65_536


class HeldLine:
    """It passes on what both sides say, but for the portion number `held_number`, which waits for its release.

    held: set when that portion has come.
    """

    def __init__(self, server_port: int, held_number: int) -> None:
        self.port = 0
        self.held = asyncio.Event()
        self._server_port = server_port
        self._held_number = held_number
        self._released = asyncio.Event()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def release(self) -> None:
        self._released.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["HeldLine"]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        finally:
            far_writer.transport.abort()
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while portion := await reader.read(_PORTION_BYTES):
                self._count += 1
                if self._count == self._held_number:
                    self.held.set()
                    await self._released.wait()
                writer.write(portion)
