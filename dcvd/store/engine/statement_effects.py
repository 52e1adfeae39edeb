"""Which tables and columns a statement that writes changes, by itself, by triggers and by foreign keys."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, Final, NamedTuple

from dcvd.store.engine.kept_rows import KeptRows

_WRITES: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_UPDATE})


class _Action(NamedTuple):
    """One change of a table. kind: SQLite's code of it."""

    kind: int
    table: str
    column: str | None
    trigger: str | None


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
    those of triggers and of foreign keys. Each statement is prepared once more for it, and only once.
    """

    def __init__(self) -> None:
        self._actions: dict[str, tuple[_Action, ...]] = {}
        self._sources: dict[str, frozenset[_Source]] = {}
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
        self, connection: sqlite3.Connection, change: str, parameters: object, queries: Set[str]
    ) -> list[str]:
        """Find the queries of which a statement may change the answer. parameters: as for `find`."""
        unaffected = self._unaffected[change]
        if queries <= unaffected:
            return []
        actions = self._list_actions(connection, change, parameters)
        outdated = []
        for query in queries - unaffected:
            if _are_changed(self._list_sources(connection, query), actions):
                outdated.append(query)
            else:
                unaffected.add(query)
        return outdated

    def _list_actions(self, connection: sqlite3.Connection, sql: str, parameters: object) -> tuple[_Action, ...]:
        known = self._actions.get(sql)
        if known is None:
            noted = _list_noted(connection, sql, parameters)
            known = self._actions[sql] = tuple(
                _Action(code, table, column, trigger) for code, table, column, trigger in noted if code in _WRITES
            )
        return known

    def _list_sources(self, connection: sqlite3.Connection, query: str) -> frozenset[_Source]:
        known = self._sources.get(query)
        if known is None:
            noted = _list_noted(connection, query, [None] * query.count("?"))
            known = self._sources[query] = frozenset(
                _Source(table, column or "") for code, table, column, _ in noted if code == sqlite3.SQLITE_READ
            )
        return known


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


def _are_changed(sources: Set[_Source], actions: Iterable[_Action]) -> bool:
    tables = {source.table for source in sources}
    return any(
        _Source(action.table, action.column or "") in sources
        if action.kind == sqlite3.SQLITE_UPDATE
        else action.table in tables
        for action in actions
    )


def _find_outdatings(every_kept: Iterable[KeptRows[Any]], actions: Sequence[_Action]) -> Iterator[Outdating]:
    for kept in every_kept:
        concerning = [each for each in actions if kept.depends_on(each.table, each.column)]
        if not concerning:
            continue
        # What a trigger or a foreign key changes are other rows than those that the caller of a statement names; where
        # a key refers to its own table, a removal updates it as well.
        own_table = actions[0].table
        kinds = {each.kind for each in concerning}
        yield Outdating(
            kept,
            is_by_rows=kept.keyed_by is not None
            and kept.keyed_by.table == own_table
            and all(each.table == own_table and each.trigger is None for each in concerning)
            and (sqlite3.SQLITE_DELETE not in kinds or len(kinds) == 1),
        )
