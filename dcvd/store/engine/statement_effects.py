"""Which tables and columns a statement that writes changes, by itself, by triggers and by foreign keys."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from dcvd.store.engine.kept_rows import KeptRows

_WRITES: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_UPDATE})


class _Action(NamedTuple):
    """One change of a table. kind: SQLite's code of it."""

    kind: int
    table: str
    column: str | None
    trigger: str | None


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
            actions = self._actions.get(sql)
            if actions is None:
                actions = self._actions[sql] = _list_actions(connection, sql, parameters)
            found = outdatings[sql] = tuple(_find_outdatings(every_kept, actions))
        return found


def _list_actions(connection: sqlite3.Connection, sql: str, parameters: object) -> tuple[_Action, ...]:
    actions: list[_Action] = []

    def note(code: int, table: str | None, column: str | None, _: str | None, trigger: str | None) -> int:
        if code in _WRITES and table is not None:
            actions.append(_Action(code, table, column, trigger))
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {sql}", parameters).close()  # type: ignore[arg-type]  # any that sqlite3 takes
    finally:
        connection.set_authorizer(None)
    return tuple(actions)


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
