"""What a query and a unit of work get to do with the database."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]


class Topic(StrEnum):
    """What a commit may have made due; whoever works on it is woken after the commit."""

    DELIVERIES = "deliveries"
    ENDPOINTS = "endpoints"
    JOBS = "jobs"
    DOMAINS = "domains"
    DOMAIN_CHANGES = "domain_changes"
    """A domain whose id is the key was changed, for those who look at it."""
    DOMAIN_LISTS = "domain_lists"
    """A domain of the organization whose id is the key was added, changed or removed, for those who look at lists."""
    DELIVERY_LISTS = "delivery_lists"
    """So with its deliveries and endpoints; the id of the endpoint is a key as well."""
    JOB_LISTS = "job_lists"
    """So with its jobs."""
    ZONES = "zones"
    EVENTS = "events"
    RIGHTS = "rights"
    ORGANIZATIONS = "organizations"
    LIMITS = "limits"
    ALERTS = "alerts"
    ACTIVATIONS = "activations"


class Snapshot:
    """Read access to one consistent state. Every result is fetched whole: an open cursor would hold up checkpoints."""

    __slots__ = ("_connection",)

    statement_hook: Callable[[str, Sequence[Parameters]], None] | None = None
    """Receives every statement that runs, and its rows of parameters; for tests of query plans and of stored events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run one statement and return all its rows."""
        if Snapshot.statement_hook is not None:
            Snapshot.statement_hook(sql, (parameters,))
        return self._connection.execute(sql, parameters).fetchall()

    def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Run one statement and return its first row, or None."""
        rows = self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    def fetch_value(self, sql: str, parameters: Parameters = ()) -> Any | None:
        """Run one statement and return the first value of its first row, or None."""
        row = self.fetch_one(sql, parameters)
        return None if row is None else row[0]

    def fetch_count(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement and return the number in its first row; 0 where there is none."""
        return int(self.fetch_value(sql, parameters) or 0)

    def fetch_column(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement and return the first value of each row."""
        return [row[0] for row in self.fetch_all(sql, parameters)]


class Transaction(Snapshot):
    """Write access inside a unit of work."""

    __slots__ = ("announcements",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.announcements: set[tuple[Topic, str]] = set()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement that changes rows and return how many it changed."""
        if Snapshot.statement_hook is not None:
            Snapshot.statement_hook(sql, (parameters,))
        return self._connection.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        if Snapshot.statement_hook is not None:
            Snapshot.statement_hook(sql, rows)
        self._connection.executemany(sql, rows)

    def delete_some(self, table: str, key: str, condition: str, parameters: Sequence[Any]) -> int:
        """Delete rows that meet a condition, which may end with an order; return how many.

        key: the primary key. The last of the parameters is the most rows to delete.
        """
        selected = f"SELECT {key.strip('()')} FROM {table} WHERE {condition} LIMIT ?"
        return self.execute(f"DELETE FROM {table} WHERE {key} IN ({selected})", parameters)

    def announce(self, topic: Topic, key: str = "") -> None:
        """Wake those who wait for `topic`, once this unit has been committed; `key` says whom it is about."""
        self.announcements.add((topic, key))
