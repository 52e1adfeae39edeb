"""A database in memory whose units run at once: for property tests, which make thousands of steps."""

import functools
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.temporary_schema import create_temporary_schema
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

T = TypeVar("T")


@functools.cache
def make_blank() -> bytes:
    """A database with the schema and nothing else."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    blank = connection.serialize()
    connection.close()
    return blank


class Cut(BaseException):
    """The process ended between two transactions."""


class MemoryDatabase:
    """What the services need of a Database; nothing in it ever waits.

    writes_until_cut: after so many transactions the process ends, once; None for never.
    """

    def __init__(self) -> None:
        self.writes_until_cut: int | None = None
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.deserialize(make_blank())
        self.connection.execute("PRAGMA foreign_keys = ON")
        create_temporary_schema(self.connection)

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        if self.writes_until_cut is not None:
            if not self.writes_until_cut:
                self.writes_until_cut = None
                raise Cut
            self.writes_until_cut -= 1
        self.connection.execute("BEGIN")
        try:
            value = unit(Transaction(self.connection))
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return value

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        return query(Snapshot(self.connection))

    def subscribe(self, topic: Topic, callback: Callable[[str], None]) -> None:
        """Nobody is told: everything has happened when a call returns."""

    def keep(self, kept: object) -> None:
        """Nothing is outdated here, so whoever keeps something must not be tried with it."""

    def close(self) -> None:
        self.connection.close()


def run(steps: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        steps.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    steps.close()
    raise AssertionError("it waits for something, which nothing here does")
