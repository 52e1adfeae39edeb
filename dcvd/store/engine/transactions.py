"""What a query and a unit of work get to do with the database."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from dcvd.store.engine.insertions import ComputedColumn, write_insertions
from dcvd.store.engine.kept_rows import KeptRows
from dcvd.store.engine.shared_answers import SharedAnswers
from dcvd.store.engine.statement_effects import StatementEffects

T = TypeVar("T")
Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]
Rows = Mapping[str, Collection[str]]
"""Which rows of a table: all of them have one of these values in each of these columns."""
_NO_EFFECTS: Final = StatementEffects()


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

    def share(self, sql: str, parameters: Sequence[Any], build: Callable[[list[Row]], T]) -> T:
        """Run one query, and build something of its rows that nobody changes.

        The units of a transaction share it, as long as none of them changes what it comes from.
        """
        return build(self.fetch_all(sql, parameters))

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
    """Write access inside a unit of work.

    outdated: what is kept of rows that it has changed, each with the keys of these rows; None stands for all.
    """

    __slots__ = ("_effects", "_shared_answers", "announcements", "outdated")

    def __init__(
        self,
        connection: sqlite3.Connection,
        effects: StatementEffects = _NO_EFFECTS,
        shared_answers: SharedAnswers | None = None,
    ) -> None:
        super().__init__(connection)
        self._effects = effects
        self._shared_answers = SharedAnswers(effects) if shared_answers is None else shared_answers
        self.announcements: set[tuple[Topic, str]] = set()
        self.outdated: dict[KeptRows[Any], set[str] | None] = {}

    def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run one statement, which may change rows and return them, and return all its rows."""
        if not sql.startswith("SELECT"):
            self._note_change(sql, parameters, None)
        return super().fetch_all(sql, parameters)

    def share(self, sql: str, parameters: Sequence[Any], build: Callable[[list[Row]], T]) -> T:
        """Run one query, or take what was built for a unit before; see `Snapshot`."""
        return self._shared_answers.find(sql, parameters, lambda: build(self.fetch_all(sql, parameters)))

    def execute(self, sql: str, parameters: Sequence[Any] = (), *, rows: Rows | None = None) -> int:
        """Run one statement that changes rows and return how many it changed.

        rows: which rows of its table it may change, but for what triggers do; None: any.
        """
        self.note(sql, parameters, rows=rows)
        return self._connection.execute(sql, parameters).rowcount

    def note(self, sql: str, parameters: Sequence[Any], *, rows: Rows | None = None) -> None:
        """Note what a statement changes that is about to be run. rows: as for `execute`."""
        self._note_change(sql, parameters, rows)
        if Snapshot.statement_hook is not None:
            Snapshot.statement_hook(sql, (parameters,))

    def execute_many(self, sql: str, rows_of_parameters: Sequence[Sequence[Any]], *, rows: Rows | None = None) -> None:
        """Run one statement for each row of parameters. rows: as for `execute`, of all of them."""
        if not rows_of_parameters:
            return
        self._note_change(sql, rows_of_parameters[0], rows)
        if Snapshot.statement_hook is not None:
            Snapshot.statement_hook(sql, rows_of_parameters)
        self._connection.executemany(sql, rows_of_parameters)

    def insert_all(
        self,
        table: str,
        columns: tuple[str, ...],
        rows_of_values: Sequence[Sequence[Any]],
        *,
        computed_column: ComputedColumn | None = None,
        parameters: Sequence[Any] = (),
        rows: Rows | None = None,
    ) -> None:
        """Store new rows by few statements, see `write_insertions`. rows: as for `execute`, of all of them."""
        if not rows_of_values:
            return
        # Whichever values it has: every new row of a table changes the same.
        self._note_change(f"INSERT INTO {table} DEFAULT VALUES", (), rows)
        for sql, values in write_insertions(table, columns, rows_of_values, computed_column, parameters):
            if Snapshot.statement_hook is not None:
                Snapshot.statement_hook(sql, (values,))
            self._connection.execute(sql, values)

    def delete_some(self, table: str, key: str, condition: str, parameters: Sequence[Any]) -> int:
        """Delete rows that meet a condition, which may end with an order; return how many.

        key: the primary key. The last of the parameters is the most rows to delete.
        """
        selected = f"SELECT {key.strip('()')} FROM {table} WHERE {condition} LIMIT ?"
        return self.execute(f"DELETE FROM {table} WHERE {key} IN ({selected})", parameters)

    def announce(self, topic: Topic, key: str = "") -> None:
        """Wake those who wait for `topic`, once this unit has been committed; `key` says whom it is about."""
        self.announcements.add((topic, key))

    def _note_change(self, sql: str, parameters: Parameters, rows: Rows | None) -> None:
        self._shared_answers.outdate(self._connection, sql, parameters)
        for kept, is_by_rows in self._effects.find(self._connection, sql, parameters):
            keys = kept.choose_keys(rows) if is_by_rows and rows is not None else None
            known = self.outdated.setdefault(kept, set())
            if keys is None:
                self.outdated[kept] = None
            elif known is not None:
                known |= keys
