"""A unit of work that is one statement."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from dcvd.store.engine.transactions import Topic, Transaction


class StatementUnit(Struct, frozen=True):
    """One statement that changes rows and returns none, and what it announces.

    SQLite itself does it as a whole or not at all. So it needs no transaction around it where it shares none with other
    units: beginning and committing would take the interpreter's lock from the event loop four more times.
    name: of what asks for it.
    """

    name: str
    sql: str
    parameters: Sequence[Any]
    announcements: Collection[tuple[Topic, str]] = ()

    def __call__(self, tx: Transaction) -> int:
        """Run the statement, and return how many rows it changed."""
        self.announce(tx)
        return tx.execute(self.sql, self.parameters)

    def announce(self, tx: Transaction) -> None:
        """Announce what the statement changes."""
        tx.announcements.update(self.announcements)
