"""The connections that read: each does one read at a time."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import aiosqlite

from dcvd.kit.limits.shared_slots import SharedSlots
from dcvd.store.engine.connection_thread import run_on_thread

T = TypeVar("T")


class ReaderPool:
    """Has each read done by an idle connection, the one that was used last: its cache is the warmest.

    Claimants whose reads wait take turns, and none has all connections while others may need one. Reads without a
    claimant are dcvd's own: they wait for no more reads of claimants than there are connections.
    """

    def __init__(self, readers: Sequence[aiosqlite.Connection]) -> None:
        self._readers = readers
        self._turns = SharedSlots[str](len(readers), max(len(readers) - 1, 1))
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)
        self._open_reads = 0
        self._all_ended = asyncio.Event()
        self._abandoned_reads: set[asyncio.Task[None]] = set()

    async def run(self, claimant: str | None, function: Callable[..., T], *arguments: object) -> T:
        """Run `function(sqlite3_connection, *arguments)` on an idle connection, when it is the claimant's turn."""
        self._open_reads += 1
        has_turn = False
        reader: aiosqlite.Connection | None = None
        try:
            if claimant is not None:
                await self._turns.acquire(claimant)
                has_turn = True
            reader = await self._idle_readers.get()
            return await run_on_thread(reader, function, *arguments)
        except asyncio.CancelledError:
            if reader is not None:
                # Its thread still works, and the next read must not wait behind that.
                task = asyncio.create_task(self._wait_until_idle(reader, claimant), name="store.abandoned_read")
                self._abandoned_reads.add(task)
                task.add_done_callback(self._abandoned_reads.discard)
                reader, has_turn = None, False
                self._open_reads += 1
            raise
        finally:
            self._end_read(reader, claimant if has_turn else None)

    async def close(self) -> None:
        """Close the connections, once every read has ended, abandoned ones too."""
        while self._open_reads:
            self._all_ended.clear()
            await self._all_ended.wait()
        for reader in self._readers:
            await reader.close()

    async def _wait_until_idle(self, reader: aiosqlite.Connection, claimant: str | None) -> None:
        """Give a reader back once its thread has done everything that it was given before."""
        try:
            await run_on_thread(reader, lambda _: None)
        finally:
            self._end_read(reader, claimant)

    def _end_read(self, reader: aiosqlite.Connection | None, claimant: str | None) -> None:
        if reader is not None:
            self._idle_readers.put_nowait(reader)
        if claimant is not None:
            self._turns.release(claimant)
        self._open_reads -= 1
        if not self._open_reads:
            self._all_ended.set()
