"""The real database, whose writes and reads a test can strike, hold up, or watch.

A strike is a fault of the disk: a unit or a read comes to nothing, or is done and seems not to be.
"""

import itertools
import sqlite3
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from dcvd.store.engine.caller_database import DatabaseAccess
from dcvd.store.engine.database import Database
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

T = TypeVar("T")


class Fate(StrEnum):
    """What becomes of the one that is struck; both look alike to whoever asked for it."""

    LOST = "lost"
    DONE_ANYWAY = "done anyway"


class Strike:
    """Strikes the `which`th unit or read whose function has a qualified name that begins with `of`."""

    def __init__(self, of: str, which: int, fate: Fate) -> None:
        self.fate = fate
        self.has_struck = False
        self._of = of
        self._which = which
        self._numbers = itertools.count(1)

    def hits(self, work: Callable[..., object]) -> bool:
        """Whether this is the one; each that has the name counts."""
        name = work.name if isinstance(work, StatementUnit) else getattr(work, "__qualname__", "")
        return name.startswith(self._of) and next(self._numbers) == self._which

    def fail(self) -> sqlite3.OperationalError:
        """What SQLite raises then."""
        self.has_struck = True
        return sqlite3.OperationalError("disk I/O error")


class UnreliableDatabase(Database):
    """Does what a database does, until a test sets one of its members.

    before_write: awaited before a unit is queued; what it raises, the caller of `write` gets.
    before_commit: called in each unit after its work.
    after_read: awaited after a snapshot was read, before the caller of `read` gets what was found.
    """

    before_write: Callable[[], Awaitable[object]] | None = None
    before_commit: Callable[[Transaction], object] | None = None
    after_read: Callable[[], Awaitable[object]] | None = None
    strikes: tuple[Strike, ...] = ()

    async def write(self, unit: Callable[[Transaction], T], *, claimant: str | None = None) -> T:
        if self.before_write is not None:
            await self.before_write()
        strike = next((strike for strike in self.strikes if strike.hits(unit)), None)
        if strike is not None:
            return await self._write_struck(unit, strike)
        if (before_commit := self.before_commit) is None:
            return await super().write(unit, claimant=claimant)

        def watched(tx: Transaction) -> T:
            value = unit(tx)
            before_commit(tx)
            return value

        return await super().write(watched, claimant=claimant)

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        strike = next((strike for strike in self.strikes if strike.hits(query)), None)
        if strike is not None:
            return await super().read(_struck(query, strike), claimant=claimant)
        found = await super().read(query, claimant=claimant)
        if self.after_read is not None:
            await self.after_read()
        return found

    async def _write_struck(self, unit: Callable[[Transaction], T], strike: Strike) -> T:
        """The whole group fails with the unit: SQLite undoes a transaction in which the disk fails."""
        announcements: set[tuple[Topic, str]] = set()

        def doomed(tx: Transaction) -> T:
            if strike.fate is Fate.DONE_ANYWAY:
                unit(tx)
                announcements.update(tx.announcements)
                error = strike.fail()  # before the commit: whoever sees what it stores knows of the strike
                tx.execute("COMMIT")
            else:
                tx.execute("ROLLBACK")
                error = strike.fail()
            raise error

        def announce(tx: Transaction) -> None:
            tx.announcements |= announcements

        try:
            return await super().write(doomed)
        finally:
            # Who waits for the changes of a unit whose commit fails is woken: it may be on disk.
            if announcements:
                await super().write(announce)


def _struck(query: Callable[[Snapshot], T], strike: Strike) -> Callable[[Snapshot], T]:
    def doomed(snapshot: Snapshot) -> T:
        if strike.fate is Fate.DONE_ANYWAY:
            query(snapshot)
        raise strike.fail()

    return doomed


def strike(database: DatabaseAccess, of: str, which: int, fate: Fate) -> Callable[[], bool]:
    """Strike the `which`th unit or read of a function; what is returned says whether it has come to that."""
    assert isinstance(database, UnreliableDatabase)
    added = Strike(of, which, fate)
    database.strikes += (added,)
    return lambda: added.has_struck
