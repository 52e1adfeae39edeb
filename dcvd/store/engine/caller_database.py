"""The database as one caller may use it."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from dcvd.store.engine.kept_rows import KeptRows
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.engine.writer_state import WriterState

T = TypeVar("T")


class DatabaseAccess(Protocol):
    """What use cases do with a database; see `Database`."""

    @property
    def writer_state(self) -> WriterState: ...

    async def write(self, unit: Callable[[Transaction], T], *, claimant: str | None = None) -> T: ...

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T: ...

    def listen(self, topic: Topic) -> asyncio.Event: ...

    def subscribe(self, topic: Topic, callback: Callable[[str], None]) -> None: ...

    def keep(self, kept: KeptRows[Any]) -> None: ...

    async def maintain(self, work: Callable[[sqlite3.Connection], T]) -> T: ...


class CallerDatabase:
    """A database in which each unit of work begins with a check, in its own transaction, and all take turns.

    What the check raises comes out of `write`, and nothing of the unit is stored.
    """

    def __init__(
        self, database: DatabaseAccess, *, check: Callable[[Transaction], None] | None, claimant: str | None
    ) -> None:
        """`claimant`: who takes turns with others, see `Database`. None of either leaves it to `database`."""
        self._check = check
        self._claimant = claimant
        self._write = database.write
        self._read = database.read
        self.listen = database.listen
        self.subscribe = database.subscribe
        self.keep = database.keep
        self.maintain = database.maintain
        self._database = database

    @property
    def writer_state(self) -> WriterState:
        """What the writer manages."""
        return self._database.writer_state

    async def write(self, unit: Callable[[Transaction], T], *, claimant: str | None = None) -> T:
        """Run a unit of work behind the check, for the claimant, unless another is named; see `Database.write`."""
        check = self._check
        claimant = claimant or self._claimant
        if check is None:
            return await self._write(unit, claimant=claimant)

        def checked_unit(tx: Transaction) -> T:
            check(tx)
            return unit(tx)

        # Its name is the unit's, for whoever looks what the writer does.
        checked_unit.__qualname__ = getattr(unit, "__qualname__", checked_unit.__qualname__)
        return await self._write(checked_unit, claimant=claimant)

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        """Run a query for the claimant, unless another is named; see `Database.read`."""
        return await self._read(query, claimant=claimant or self._claimant)
