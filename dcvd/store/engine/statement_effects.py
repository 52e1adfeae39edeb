"""Which tables and columns a statement that writes changes, by itself, by triggers and by foreign keys."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from dcvd.store.engine.kept_rows import KeptRows

_WRITES: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_UPDATE})
_REPLACING: Final = re.compile(r"\b(?:OR\s+REPLACE|REPLACE\s+INTO)\b", re.IGNORECASE)
"""What deletes rows that stand in the way, of which SQLite says nothing."""
_JOINING_BY_NAME: Final = re.compile(r"\b(?:USING|NATURAL)\b", re.IGNORECASE)
"""What compares columns of which SQLite says nothing."""
_ROW_NUMBER: Final = "ROWID"
"""How SQLite calls the number of a row that is changed, also where a column is another name of it."""


class _Action(NamedTuple):
    """One change of a table, by a statement, a foreign key or a trigger. kind: SQLite's code of it."""

    kind: int
    table: str
    column: str | None
    is_by_trigger: bool


class _Source(NamedTuple):
    """A column that a query reads; an empty one where it reads of a table only which rows there are."""

    table: str
    column: str


class Outdating(NamedTuple):
    """What a statement outdates. is_by_rows: whether that is no more than the rows that its caller tells of, if any."""

    kept: KeptRows[Any]
    is_by_rows: bool


class StatementEffects:
    """Tells what is kept of the rows that a statement changes.

    SQLite itself says it when it prepares a statement: to whoever authorizes that, it names each table and column, also
    those of triggers and of foreign keys. Each statement is prepared once more for it, and only once. What it leaves
    out is added here, but for tables and triggers that replace: there are none.
    """

    def __init__(self) -> None:
        self._actions: dict[str, tuple[_Action, ...]] = {}
        self._sources: dict[str, frozenset[_Source] | None] = {}
        self._unaffected: defaultdict[str, set[str]] = defaultdict(set)
        self._known: tuple[tuple[KeptRows[Any], ...], dict[str, tuple[Outdating, ...]]] = ((), {})

    @property
    def kept(self) -> tuple[KeptRows[Any], ...]:
        """All that is kept."""
        return self._known[0]

    def add(self, kept: KeptRows[Any]) -> None:
        """Tell from now on of something more that is kept; on whichever thread."""
        self._known = ((*self.kept, kept), {})

    def find(self, connection: sqlite3.Connection, sql: str, parameters: object) -> tuple[Outdating, ...]:
        """Find what a statement outdates. parameters: those of one execution; any will do."""
        every_kept, outdatings = self._known
        if not every_kept:
            return ()
        found = outdatings.get(sql)
        if found is None:
            actions = self._list_actions(connection, sql, parameters)
            found = outdatings[sql] = tuple(_find_outdatings(every_kept, actions))
        return found

    def find_outdated(
        self,
        connection: sqlite3.Connection,
        change: str,
        parameters: object,
        queries: Mapping[str, Collection[Sequence[Any]]],
    ) -> list[str]:
        """Find the queries of which a statement may change the answer. parameters: as for `find`.

        queries: each with some of its parameters.
        """
        unaffected = self._unaffected[change]
        if queries.keys() <= unaffected:
            return []
        actions = self._list_actions(connection, change, parameters)
        outdated = []
        for query in queries.keys() - unaffected:
            if _are_changed(self._list_sources(connection, query, next(iter(queries[query]))), actions):
                outdated.append(query)
            else:
                unaffected.add(query)
        return outdated

    def _list_actions(self, connection: sqlite3.Connection, sql: str, parameters: object) -> tuple[_Action, ...]:
        known = self._actions.get(sql)
        if known is None:
            noted = _list_noted(connection, sql, parameters)
            actions = [
                _Action(code, table, column, by is not None) for code, table, column, by in noted if code in _WRITES
            ]
            if _REPLACING.search(sql):
                tables = {each.table for each in actions}
                actions += [_Action(sqlite3.SQLITE_DELETE, table, None, is_by_trigger=True) for table in tables]
            known = self._actions[sql] = (*actions, *_list_generated(connection, actions))
        return known

    def _list_sources(
        self, connection: sqlite3.Connection, query: str, parameters: Sequence[Any]
    ) -> frozenset[_Source] | None:
        """List what a query reads; None where that may be anything."""
        if query not in self._sources:
            # A table of which no column is read is named as the query writes it.
            sources = frozenset(
                _Source(table.lower(), (column or "").lower())
                for code, table, column, _ in _list_noted(connection, query, parameters)
                if code == sqlite3.SQLITE_READ
            )
            self._sources[query] = None if _JOINING_BY_NAME.search(query) else sources
        return self._sources[query]


def _list_noted(
    connection: sqlite3.Connection, sql: str, parameters: object
) -> list[tuple[int, str, str | None, str | None]]:
    """List what SQLite names to whoever authorizes a statement: code, table, column, and the trigger that does it."""
    noted: list[tuple[int, str, str | None, str | None]] = []

    def note(code: int, table: str | None, column: str | None, _: str | None, trigger: str | None) -> int:
        if table is not None:
            noted.append((code, table, column, trigger))
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {sql}", parameters).close()  # type: ignore[arg-type]  # any that sqlite3 takes
    finally:
        connection.set_authorizer(None)
    return noted


def _list_generated(connection: sqlite3.Connection, actions: Iterable[_Action]) -> Iterator[_Action]:
    """List the columns that may change with others of their rows, because they are generated of these."""
    sql = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)"
    updates = [each for each in actions if each.kind == sqlite3.SQLITE_UPDATE]
    for update in {each.table: each for each in updates}.values():
        for (column,) in connection.execute(sql, (update.table,)).fetchall():
            yield update._replace(column=column)


def _are_changed(sources: Set[_Source] | None, actions: Collection[_Action]) -> bool:
    if sources is None:
        return bool(actions)
    tables = {source.table for source in sources}
    return any(
        action.table.lower() in tables
        if action.column in {None, _ROW_NUMBER}
        else _Source(action.table.lower(), action.column.lower()) in sources
        for action in actions
    )


def _find_outdatings(every_kept: Iterable[KeptRows[Any]], actions: Sequence[_Action]) -> Iterator[Outdating]:
    for kept in every_kept:
        concerning = [each for each in actions if kept.depends_on(each.table, each.column)]
        if not concerning:
            continue
        # What a trigger or a foreign key changes are other rows than those that the caller of a statement names; where
        # a key refers to its own table, a removal changes it once more.
        own_table = actions[0].table
        has_removal = any(each.kind == sqlite3.SQLITE_DELETE for each in concerning)
        yield Outdating(
            kept,
            is_by_rows=kept.keyed_by is not None
            and kept.keyed_by.table == own_table
            and all(each.table == own_table and not each.is_by_trigger for each in concerning)
            and not (has_removal and len(concerning) > 1),
        )
