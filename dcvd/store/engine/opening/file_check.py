"""The check of the whole file that a start makes: before anything is served, or beside it where the file is large.

It has a connection of its own with a small cache: every page is read once, and the writer's cache would keep them all.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiosqlite
import structlog

from dcvd.errors import StoreError
from dcvd.store.engine.connection_thread import run_on_thread
from dcvd.store.engine.failures import opening_error
from dcvd.store.engine.pragmas import prepare_reader, quick_check

log = structlog.get_logger(__name__)

LARGE_FILE_BYTES: Final = 64 << 20
"""The size from which on a check takes so long (a quarter of a second and more) that requests do not wait for it."""
_INTERRUPT_INTERVAL_S: Final = 0.05
_CACHE_KIB: Final = 256


def is_large(path: Path, large_file_bytes: int) -> bool:
    """Whether a check of the file takes so long that requests should not wait for it."""
    return path.stat().st_size >= large_file_bytes


class FileCheck:
    """Checks the file once, from its making on. `stop()` ends it, and has to be called in any case."""

    def __init__(self, path: Path, check: Callable[[sqlite3.Connection], None] = quick_check) -> None:
        self._path = path
        self._check = check
        self._is_stopping = False
        self._connection: aiosqlite.Connection | None = None
        self._task = asyncio.create_task(self._run(), name="store.file_check")

    async def wait(self) -> None:
        """Wait for the end of the check. Raises StoreError, DatabaseUnusable for damage."""
        await asyncio.shield(self._task)

    def report_to(self, note_damage: Callable[[StoreError], object]) -> None:
        """Have `note_damage` called with what the check finds."""

        def report(task: "asyncio.Task[None]") -> None:
            if task.cancelled() or (error := task.exception()) is None:
                return
            assert isinstance(error, StoreError), error
            log.warning("store.file_check_failed", error=error.message)
            note_damage(error)

        self._task.add_done_callback(report)

    async def stop(self) -> None:
        """End the check, wherever it is."""
        self._is_stopping = True
        while not self._task.done():
            if self._connection is not None:
                # What is interrupted before SQLite has begun runs on, so this is repeated.
                await self._connection.interrupt()
            await asyncio.wait([self._task], timeout=_INTERRUPT_INTERVAL_S)

    async def _run(self) -> None:
        try:
            connection = await aiosqlite.connect(self._path, isolation_level=None)
            try:
                await run_on_thread(connection, _prepare)
                self._connection = connection
                if not self._is_stopping:
                    await run_on_thread(connection, self._check)
            finally:
                self._connection = None
                await connection.close()
        except (OSError, sqlite3.Error) as error:
            if not self._is_stopping:
                raise opening_error(self._path, error) from error


def _prepare(connection: sqlite3.Connection) -> None:
    prepare_reader(connection)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
