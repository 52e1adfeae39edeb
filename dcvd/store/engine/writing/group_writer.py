"""Run units of work on the writer's thread, group after group, and tell their callers."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import aiosqlite
import structlog

from dcvd.errors import DcvdError, StoreError
from dcvd.store.engine.connection_thread import run_on_thread
from dcvd.store.engine.failures import store_error
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.temporary_schema import TriggerAnnouncements
from dcvd.store.engine.transactions import Topic
from dcvd.store.engine.units import Unit, UnitQueue, list_refusals, run_group
from dcvd.store.engine.writer_state import WriterState
from dcvd.store.engine.writing.commits import Committer

log = structlog.get_logger(__name__)

_GROUP_LIMIT: Final = 512


class _Ahead(NamedTuple):
    """A group that the thread was given while it is at another one."""

    group: list[Unit[Any]]
    task: "asyncio.Task[tuple[int, bool]]"


class GroupWriter:
    """Groups the units that wait, and runs one group after the other.

    While the thread runs a unit that is one statement, it is given the next such unit already, and goes on with that by
    itself. To come back for it would take a quarter as long again: the event loop has to be reached, and the thread to
    be woken. Other units wait until the thread has come back, so that more of them share a commit.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        effects: StatementEffects,
        trigger_announcements: TriggerAnnouncements,
        judge_error: Callable[[sqlite3.Error | StoreError], StoreError],
        announce: Callable[[set[tuple[Topic, str]]], None],
    ) -> None:
        """`judge_error` returns what the callers of a group that failed get. `announce` tells what a group announced,
        before any of its callers goes on."""
        self._connection = connection
        self._effects = effects
        self._trigger_announcements = trigger_announcements
        self._judge_error = judge_error
        self._announce = announce
        self._committer = Committer()
        self._queue = UnitQueue()
        self._unit_queued = asyncio.Event()
        self._is_at_statement = False
        self._ahead: _Ahead | None = None
        self.state = WriterState(count_waiting=lambda: len(self._queue) + (self._ahead is not None))
        self.is_stopping = False

    def add(self, unit: Unit[Any]) -> None:
        """Queue a unit, whose future tells what came of it."""
        self._queue.add(unit)
        if self._is_at_statement and self._ahead is None and isinstance(unit.work, StatementUnit):
            self._go_ahead()
        self._unit_queued.set()

    def stop(self) -> None:
        """Have `run` return as soon as nothing waits any more."""
        self.is_stopping = True
        self._unit_queued.set()

    async def run(self) -> None:
        """Run units until `stop`."""
        try:
            while True:
                await self._unit_queued.wait()
                self._unit_queued.clear()
                while self._ahead is not None or self._queue:
                    await self._run_next_group()
                if self.is_stopping:
                    return
        finally:
            self.is_stopping = True
            if self._ahead is not None:
                await self._end_ahead(self._ahead)
            while units := self._queue.take_group(_GROUP_LIMIT):
                for unit in units:
                    unit.future.set_exception(
                        StoreError("The database's writer has stopped; see the log.", code="database_closed")
                    )

    async def _end_ahead(self, ahead: _Ahead) -> None:
        """Tell the callers of the group ahead what came of it: the thread runs it, although nobody waits any more."""
        await asyncio.wait([ahead.task])
        cause = asyncio.CancelledError() if ahead.task.cancelled() else ahead.task.exception()
        error = None
        if cause is not None:
            error = self._judge_error(cause) if isinstance(cause, sqlite3.Error | StoreError) else store_error(cause)
        self._settle(ahead.group, error)

    async def _run_next_group(self) -> None:
        ahead, self._ahead = self._ahead, None
        group = self._queue.take_group(_GROUP_LIMIT) if ahead is None else ahead.group
        if not group:
            return
        self.state.begin_group()
        result = run_on_thread(self._connection, self._run_group, group) if ahead is None else ahead.task
        self._is_at_statement = len(group) == 1 and isinstance(group[0].work, StatementUnit)
        if self._is_at_statement:
            self._go_ahead()
        error: StoreError | None = None
        try:
            done, has_written = await result
        except (sqlite3.Error, StoreError) as cause:
            error = self._judge_error(cause)
            if self.state.can_store:
                log.exception("store.group_failed", units=len(group))
            else:
                # While the disk refuses everything, traces of each group would fill what is left of it.
                log.warning("store.group_failed", units=len(group), error=error.message)
            self.state.fail_group(error.code)
        else:
            self.state.end_group(has_written=has_written, refusals=list_refusals(group[:done]))
            self._queue.put_back(group[done:])
            del group[done:]
        finally:
            self._is_at_statement = False
        self._settle(group, error)
        # A commit that failed may be on disk all the same, and to be woken in vain costs little. No caller goes on
        # before this task awaits, so subscribers come first although the results are set.
        self._announce({announcement for unit in group for announcement in unit.announcements})

    def _go_ahead(self) -> None:
        """Give the thread the next group where that is one statement and nothing else waits with it."""
        if (group := self._queue.take_statement()) is not None:
            task = asyncio.create_task(self._run_ahead(group), name="store.ahead")
            self._ahead = _Ahead(group, task)

    async def _run_ahead(self, group: list[Unit[Any]]) -> tuple[int, bool]:
        return await run_on_thread(self._connection, self._run_group, group)

    def _run_group(self, connection: sqlite3.Connection, group: list[Unit[Any]]) -> tuple[int, bool]:
        announcements = self._trigger_announcements
        return run_group(connection, self._committer, group, self._effects, trigger_announcements=announcements)

    def _settle(self, group: list[Unit[Any]], group_error: StoreError | None) -> None:
        for unit in group:
            failure = group_error if group_error is not None else unit.error
            if unit.future.done():
                if unit.error is not None and not isinstance(unit.error, DcvdError):
                    log.error("store.unit_failed_unseen", error=repr(unit.error))
            elif failure is not None:
                unit.future.set_exception(failure)
            else:
                unit.future.set_result(unit.value)
