"""The one database: a single writer with group commit, and a small pool of readers.

A unit of work is a plain function that gets a Transaction. It runs as a whole on the writer's own thread, so nothing
can await a network inside it, and a cancelled caller cannot leave it half done. Units that arrive while an earlier
group is being synced to disk share the next commit, each in a savepoint of its own.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import aiosqlite
import structlog

from dcvd.errors import DatabaseUnusable, StoreError
from dcvd.kit.tasks import run_to_end
from dcvd.store.engine.connection_thread import run_on_thread
from dcvd.store.engine.failures import disk_full_error, is_for_want_of_space, opening_error, store_error
from dcvd.store.engine.files import find_database
from dcvd.store.engine.kept_rows import KeptRows
from dcvd.store.engine.migrate import migrate, refuse_unusable
from dcvd.store.engine.opening.creation import create_database
from dcvd.store.engine.opening.file_check import LARGE_FILE_BYTES, FileCheck, is_large
from dcvd.store.engine.opening.file_systems import refuse_unsuitable
from dcvd.store.engine.opening.log_check import keep_damaged_log
from dcvd.store.engine.opening.upgrade_copy import copy_before_upgrade, remove_old_copies
from dcvd.store.engine.pragmas import leave_checkpoints, prepare_reader, prepare_writer
from dcvd.store.engine.readers import ReaderPool
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.temporary_schema import TriggerAnnouncements, create_temporary_schema
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.engine.units import Unit
from dcvd.store.engine.writer_state import WriterState
from dcvd.store.engine.writing.group_writer import GroupWriter

log = structlog.get_logger(__name__)

T = TypeVar("T")
_WATCH_INTERVAL_S: Final = 2.0
_MINIMUM_SQLITE: Final = (3, 37, 0)  # the first version that has STRICT tables


class Database:
    """The open database. Open it with `await Database.open(path)` and `close()` it; the caller holds the lock file."""

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        readers: list[aiosqlite.Connection],
        trigger_announcements: TriggerAnnouncements,
        file_check: FileCheck | None = None,
    ) -> None:
        self._path = path
        self._file_identity = _identify_file(path)
        self._writer = writer
        self._readers = ReaderPool(readers)
        self._effects = StatementEffects()
        self._damage: DatabaseUnusable | None = None
        self._damage_found = asyncio.Event()
        self._group_writer = GroupWriter(
            writer, self._effects, trigger_announcements, self._judge_group_error, self._tell
        )
        self._listeners: dict[Topic, list[asyncio.Event]] = {topic: [] for topic in Topic}
        self._subscribers: dict[Topic, list[Callable[[str], None]]] = {topic: [] for topic in Topic}
        self._writer_task = asyncio.create_task(self._group_writer.run(), name="store.writer")
        self._file_check = file_check
        if file_check is not None:
            file_check.report_to(self._note_damage)

    @property
    def writer_state(self) -> WriterState:
        """What the writer manages."""
        return self._group_writer.state

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        readers: int = 3,
        check: bool = False,
        upgrade_copy: bool = False,
        checkpoints: bool = True,
        large_file_bytes: int = LARGE_FILE_BYTES,
    ) -> Self:
        """Open the file, which is created if it is missing, and bring its schema up to date.

        check: also run SQLite's quick_check; a file of `large_file_bytes` or more is used meanwhile, and `watch_file`
        raises what is found.
        upgrade_copy: copy an older schema beside the file before that is brought up to date. checkpoints: whether
        SQLite moves the log into the file by itself; else another program does that.

        Raises StoreError with what to do about it, DatabaseUnusable where trying again is no use.
        """
        # Opening is always finished: a connection whose task is cancelled while a thread opens it would stay open.
        open_task = asyncio.create_task(
            cls._open(path, readers, check, upgrade_copy, checkpoints, large_file_bytes), name="store.open"
        )
        try:
            return await asyncio.shield(open_task)
        except asyncio.CancelledError:
            await run_to_end("store.give_up", _close_opened(open_task))
            raise

    @classmethod
    async def _open(
        cls, path: Path, readers: int, check: bool, upgrade_copy: bool, checkpoints: bool, large_file_bytes: int
    ) -> Self:
        if sqlite3.sqlite_version_info < _MINIMUM_SQLITE:
            raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; dcvd needs 3.37 or newer.")
        connections: list[aiosqlite.Connection] = []
        file_check: FileCheck | None = None
        try:
            await asyncio.to_thread(_prepare_files, path)
            # Checked before anything is set: the journal mode is written into the file, which may be another program's.
            writer = await _connect(path, refuse_unusable, connections)
            await run_on_thread(writer, prepare_writer)
            if not checkpoints:
                await run_on_thread(writer, leave_checkpoints)
            copy = await run_on_thread(writer, copy_before_upgrade, path) if upgrade_copy else None
            version = await run_on_thread(writer, migrate)
            trigger_announcements = await run_on_thread(writer, create_temporary_schema)
            if copy is not None:
                remove_old_copies(path)
            if check:
                file_check = FileCheck(path)
                if not is_large(path, large_file_bytes):
                    await file_check.wait()
            pool = [await _connect(path, prepare_reader, connections) for _ in range(readers)]
        except Exception as error:
            if file_check is not None:
                await file_check.stop()
            for connection in reversed(connections):
                await connection.close()
            if isinstance(error, OSError | sqlite3.Error):
                raise opening_error(path, error) from error
            raise
        log.debug("store.opened", path=str(path), schema=version, sqlite=sqlite3.sqlite_version)
        return cls(path, writer, pool, trigger_announcements, file_check)

    async def write(self, unit: Callable[[Transaction], T], *, claimant: str | None = None) -> T:
        """Run a unit of work; when this returns, its effects are on disk.

        claimant: for whom it is done, who takes turns with others; None for dcvd's own writes.

        An exception of the unit comes out here and undoes the unit alone. Raises DiskFull or StoreError when the
        database itself failed; then nothing of the unit was stored, also after a crash. Only OutcomeUnknown leaves that
        open: no read sees the unit, and a crash may bring it. A caller that is cancelled leaves a unit that either runs
        whole or not at all.
        """
        self._refuse_when_closed()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._group_writer.add(Unit(unit, future, claimant))
        return await future

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        """Run a query on one consistent snapshot, beside the writer. Raises StoreError.

        claimant: for whom it is done, who takes turns with others; None for dcvd's own reads.
        """
        self._refuse_when_closed()
        try:
            return await self._readers.run(claimant, _run_read, query)
        except sqlite3.Error as error:
            raise self._note_damage(store_error(error)) from error

    def listen(self, topic: Topic) -> asyncio.Event:
        """Return an event that is set after each commit that announced `topic`; the listener clears it."""
        event = asyncio.Event()
        self._listeners[topic].append(event)
        return event

    def subscribe(self, topic: Topic, callback: Callable[[str], None]) -> None:
        """Call `callback(key)` for each announcement of a unit, before the `write` of that unit returns.

        So whatever a caller knows to be stored is known to every subscriber too. The callback must not raise.
        """
        self._subscribers[topic].append(callback)

    def keep(self, kept: KeptRows[Any]) -> None:
        """Outdate something that is kept of rows with each commit that changes them, from now on."""
        self._effects.add(kept)

    async def maintain(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work outside any transaction on the writer's connection, such as a checkpoint."""
        try:
            return await run_on_thread(self._writer, work)
        except sqlite3.Error as error:
            raise self._note_damage(store_error(error)) from error

    async def watch_file(self) -> None:
        """Watch the file until the writer ends, and raise what the writer failed with, if it did.

        Raises DatabaseUnusable when the file was removed or replaced, and when a read or a write found it damaged.

        SQLite goes on writing to a file that was deleted, and everything that is acknowledged from then on is lost.
        """
        damage_found = asyncio.create_task(self._damage_found.wait(), name="store.damage")
        try:
            await self._watch_file(damage_found)
        finally:
            damage_found.cancel()
        await self._writer_task

    async def _watch_file(self, damage_found: "asyncio.Task[bool]") -> None:
        while not self._writer_task.done():
            await asyncio.wait(
                [self._writer_task, damage_found], timeout=_WATCH_INTERVAL_S, return_when=asyncio.FIRST_COMPLETED
            )
            if self._damage is not None:
                raise self._damage
            if await asyncio.to_thread(_identify_file, self._path) != self._file_identity:
                raise DatabaseUnusable(f"The database {self._path} was removed or replaced while dcvd used it.")

    async def close(self) -> None:
        """Finish the queued units, then close; the writer goes last, and SQLite checkpoints the log then."""
        self._group_writer.stop()
        await asyncio.wait([self._writer_task])
        if self._file_check is not None:
            await self._file_check.stop()
        await self._readers.close()
        await self._writer.close()

    def _judge_group_error(self, error: sqlite3.Error | StoreError) -> StoreError:
        cause = error.__cause__ if isinstance(error, StoreError) else error
        judged = error if isinstance(error, StoreError) else store_error(error)
        if type(judged) is StoreError and cause is not None and is_for_want_of_space(self._path, cause):
            judged = disk_full_error()
        judged.__cause__ = cause
        return self._note_damage(judged)

    def _note_damage(self, error: StoreError) -> StoreError:
        """Have `watch_file` raise what is to say that the file is damaged; return it."""
        if isinstance(error, DatabaseUnusable) and self._damage is None:
            self._damage = error
            self._damage_found.set()
        return error

    def _refuse_when_closed(self) -> None:
        if self._group_writer.is_stopping:
            raise StoreError("The database is closed: dcvd is stopping.", code="database_closed")

    def _tell(self, announcements: set[tuple[Topic, str]]) -> None:
        for topic, key in announcements:
            for callback in self._subscribers[topic]:
                callback(key)
        for topic in {topic for topic, _ in announcements}:
            for event in self._listeners[topic]:
                event.set()


def _run_read(connection: sqlite3.Connection, query: Callable[[Snapshot], T]) -> T:
    connection.execute("BEGIN")
    try:
        return query(Snapshot(connection))
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def _prepare_files(path: Path) -> None:
    """Find the database, or make a new one; all that has to be seen before SQLite touches anything."""
    exists = find_database(path)
    refuse_unsuitable(path)
    if exists:
        keep_damaged_log(path)
    else:
        create_database(path)


def _identify_file(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of a file; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


async def _close_opened(open_task: asyncio.Task[Database]) -> None:
    await asyncio.wait([open_task])
    if not open_task.cancelled() and open_task.exception() is None:
        await open_task.result().close()


async def _connect(
    path: Path, prepare: Callable[[sqlite3.Connection], object], connections: list[aiosqlite.Connection]
) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None, cached_statements=256)
    connections.append(connection)
    await run_on_thread(connection, prepare)
    return connection
