"""The connections that read: each does one read at a time."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import aiosqlite

from dcvd.store.engine.connection_thread import run_on_thread

T = TypeVar("T")


class ReaderPool:
    """Has each read done by an idle connection, the one that was used last: its cache is the warmest."""

    def __init__(self, readers: Sequence[aiosqlite.Connection]) -> None:
        self._readers = readers
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)
        self._open_reads = 0
        self._all_ended = asyncio.Event()
        self._abandoned_reads: set[asyncio.Task[None]] = set()

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Run `function(sqlite3_connection, *arguments)` on an idle connection."""
        self._open_reads += 1
        reader: aiosqlite.Connection | None = None
        try:
            reader = await self._idle_readers.get()
            return await run_on_thread(reader, function, *arguments)
        except asyncio.CancelledError:
            if reader is not None:
                # Its thread still works, and the next read must not wait behind that.
                task = asyncio.create_task(self._wait_until_idle(reader), name="store.abandoned_read")
                self._abandoned_reads.add(task)
                task.add_done_callback(self._abandoned_reads.discard)
                reader = None
                self._open_reads += 1
            raise
        finally:
            self._end_read(reader)

    async def close(self) -> None:
        """Close the connections, once every read has ended, abandoned ones too."""
        while self._open_reads:
            self._all_ended.clear()
            await self._all_ended.wait()
        for reader in self._readers:
            await reader.close()

    async def _wait_until_idle(self, reader: aiosqlite.Connection) -> None:
        """Give a reader back once its thread has done everything that it was given before."""
        try:
            await run_on_thread(reader, lambda _: None)
        finally:
            self._end_read(reader)

    def _end_read(self, reader: aiosqlite.Connection | None) -> None:
        if reader is not None:
            self._idle_readers.put_nowait(reader)
        self._open_reads -= 1
        if not self._open_reads:
            self._all_ended.set()
