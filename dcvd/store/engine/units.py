"""Units of work: who has the next turn, and how those that share a commit are run."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from dcvd.errors import StoreError
from dcvd.kit.limits.turns import Turns
from dcvd.store.engine.failures import is_damage, is_refusal_of_disk, store_error
from dcvd.store.engine.kept_rows import NO_KEYS, KeptRows, Keys, join_keys
from dcvd.store.engine.shared_answers import SharedAnswers
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.temporary_schema import TriggerAnnouncements
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.engine.writing.commits import Committer

T = TypeVar("T")

_LONGEST_GROUP_S: Final = 0.020
"""No unit begins in a group that has run for so long: who comes meanwhile would wait for all of it."""


class Unit(Struct, Generic[T]):
    """A unit of work on its way, and what came of it; `claimant` is for whom it is done, None for dcvd itself."""

    work: Callable[[Transaction], T]
    future: asyncio.Future[T]
    claimant: str | None
    value: T | None = None
    error: BaseException | None = None
    announcements: set[tuple[Topic, str]] = set()
    outdated: Mapping[KeptRows[Any], Set[str] | None] = {}


class UnitQueue:
    """Units that wait. Every second place is for dcvd's own, and in the others the claimants take turns."""

    def __init__(self) -> None:
        self._own_units: deque[Unit[Any]] = deque()
        self._turns: Turns[str, Unit[Any]] = Turns()

    def __bool__(self) -> bool:
        return bool(self._own_units or self._turns)

    def __len__(self) -> int:
        """Return how many units wait."""
        return len(self._own_units) + len(self._turns)

    def add(self, unit: Unit[Any]) -> None:
        """Add a unit behind the others of its claimant."""
        if unit.claimant is None:
            self._own_units.append(unit)
        else:
            self._turns.add(unit.claimant, unit)

    def take_group(self, limit: int) -> list[Unit[Any]]:
        """Take the units whose turn is next, but those whose callers have given up; at most `limit`."""
        if (statement := self.take_statement()) is not None:
            return statement
        group: list[Unit[Any]] = []
        while self and len(group) < limit:
            if self._own_units and not _has_given_up(unit := self._own_units.popleft()):
                group.append(unit)
            if self._turns and not _has_given_up(unit := self._turns.take()[1]):
                group.append(unit)
        return group

    def take_statement(self) -> list[Unit[Any]] | None:
        """Take the next unit alone where it is one statement, and so is the one behind it, if there is one.

        Units of one statement need no commit in common: each stores the outcomes of many attempts already.
        """
        own_units = self._own_units
        while own_units and _has_given_up(own_units[0]):
            own_units.popleft()
        if self._turns or not all(isinstance(unit.work, StatementUnit) for unit in islice(own_units, 2)):
            return None
        return [own_units.popleft()] if own_units else None

    def put_back(self, units: list[Unit[Any]]) -> None:
        """Have the last units of the last group be the next ones."""
        self._own_units.extendleft(reversed([unit for unit in units if unit.claimant is None]))
        self._turns.put_back([(unit.claimant, unit) for unit in units if unit.claimant is not None])


def run_group(
    connection: sqlite3.Connection,
    committer: Committer,
    group: list[Unit[Any]],
    effects: StatementEffects,
    monotonic: Callable[[], float] = time.monotonic,
    *,
    trigger_announcements: TriggerAnnouncements | None = None,
) -> tuple[int, bool]:
    """Run units in one transaction, and commit it; return how many were run, and whether they changed any row.

    The others come too late for this transaction. What is kept of the changed rows is outdated before the commit.

    An exception of a unit undoes that unit alone, and is kept in it. Raises sqlite3.Error or StoreError when the
    transaction itself failed. `monotonic` returns monotonic seconds.
    """
    trigger_announcements = trigger_announcements or TriggerAnnouncements()
    committer.settle(connection)
    if len(group) == 1 and isinstance(group[0].work, StatementUnit):
        return 1, _run_statement(connection, committer, group[0], group[0].work, effects, trigger_announcements)
    # The transaction is the savepoint of a single unit: that saves two statements, which take the interpreter's lock.
    has_savepoints = len(group) > 1
    done = 0
    has_written = False
    answers = SharedAnswers(effects)
    followed = effects.kept
    end_time = monotonic() + _LONGEST_GROUP_S
    connection.execute("BEGIN IMMEDIATE")
    try:
        for unit in group:
            if done and monotonic() >= end_time:
                break
            if has_savepoints:
                connection.execute("SAVEPOINT unit")
            changes = connection.total_changes
            transaction = Transaction(connection, effects, answers)
            trigger_announcements.pass_to(transaction.announcements)
            _run_unit(connection, transaction, unit, "ROLLBACK TO unit" if has_savepoints else "ROLLBACK")
            if unit.error is not None:
                answers.forget()
            has_written |= unit.error is None and connection.total_changes != changes
            if has_savepoints:
                connection.execute("RELEASE unit")
            done += 1
        if has_savepoints or group[0].error is None:
            with _outdate_changed(effects, followed, group[:done]):
                committer.commit(connection)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return done, has_written


def _run_statement(
    connection: sqlite3.Connection,
    committer: Committer,
    unit: Unit[Any],
    statement: StatementUnit,
    effects: StatementEffects,
    trigger_announcements: TriggerAnnouncements,
) -> bool:
    """Run a unit as a transaction by itself; return whether it changed any row. Raises and keeps as `run_group`."""
    followed = effects.kept
    changes = connection.total_changes
    transaction = Transaction(connection, effects)
    trigger_announcements.pass_to(transaction.announcements)
    try:
        statement.announce(transaction)
        transaction.note(statement.sql, statement.parameters)
        unit.announcements, unit.outdated = transaction.announcements, transaction.outdated
        with _outdate_changed(effects, followed, [unit]):
            unit.value = committer.run(connection, statement.sql, statement.parameters)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it was, the caller of the unit gets it
        unit.announcements = set()
        _keep_error(unit, error)
    # What a statement has changed before it was refused is counted too, although it is undone.
    return unit.error is None and connection.total_changes != changes


def list_refusals(group: Sequence[Unit[Any]]) -> list[str]:
    """List the codes of the errors of units that the disk refused, while others could be stored or had nothing to."""
    return [
        unit.error.code
        for unit in group
        if isinstance(unit.error, StoreError)
        and unit.error.__cause__ is not None
        and is_refusal_of_disk(unit.error.__cause__)
    ]


def _find_later(every_kept: Sequence[KeptRows[Any]], known: Sequence[KeptRows[Any]]) -> dict[KeptRows[Any], Keys]:
    return {} if every_kept is known else dict.fromkeys(set(every_kept) - set(known), None)


@contextmanager
def _outdate_changed(
    effects: StatementEffects, followed: Sequence[KeptRows[Any]], units: Sequence[Unit[Any]]
) -> Iterator[None]:
    """Outdate what units have changed while the block commits it; `followed` was kept when the first of them began."""
    # What has come to be kept meanwhile does not know what the units have changed.
    committed = effects.kept
    with _outdate(_find_later(committed, followed), units):
        yield
    with _outdate(_find_later(effects.kept, committed), ()):
        pass


@contextmanager
def _outdate(outdated: dict[KeptRows[Any], Keys], units: Sequence[Unit[Any]]) -> Iterator[None]:
    """Outdate what is kept of the rows that units have changed, for as long as the block lasts."""
    for unit in units:
        for kept, keys in unit.outdated.items():
            outdated[kept] = join_keys(outdated.get(kept, NO_KEYS), keys)
    try:
        for kept, keys in outdated.items():
            kept.begin_change(keys)
        yield
    finally:
        for kept in outdated:
            kept.end_change()


def _run_unit(connection: sqlite3.Connection, transaction: Transaction, unit: Unit[Any], rollback: str) -> None:
    try:
        unit.value = unit.work(transaction)
        unit.announcements = transaction.announcements
        unit.outdated = transaction.outdated
    except Exception as error:
        if not connection.in_transaction or is_damage(error):
            # SQLite undid the whole group (disk full, I/O error), or the file is damaged: nothing may be acknowledged.
            raise store_error(error) from error
        connection.execute(rollback)
        _keep_error(unit, error)


def _keep_error(unit: Unit[Any], error: Exception) -> None:
    unit.error = store_error(error) if isinstance(error, sqlite3.OperationalError) else error
    if unit.error is not error:
        unit.error.__cause__ = error


def _has_given_up(unit: Unit[Any]) -> bool:
    return unit.future.cancelled()
