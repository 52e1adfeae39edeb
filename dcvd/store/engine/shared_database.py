"""The database as one of those uses it who share it."""

from collections.abc import Callable
from typing import TypeVar

from dcvd.store.engine.checked_database import DatabaseAccess
from dcvd.store.engine.database import Snapshot

T = TypeVar("T")


class SharedDatabase:
    """A database in which reads take turns with those of other claimants."""

    def __init__(self, database: DatabaseAccess, claimant: str) -> None:
        self._claimant = claimant
        self._read = database.read
        self.write = database.write
        self.listen = database.listen
        self.subscribe = database.subscribe
        self.maintain = database.maintain

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        """Run a query for the claimant, unless another is named; see `Database.read`."""
        return await self._read(query, claimant=claimant or self._claimant)
