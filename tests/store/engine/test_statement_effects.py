"""What is shared or kept is what a query would find, whichever way a statement changes rows."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.store.engine.kept_rows import Column, KeptRows
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.transactions import Row, Snapshot, Transaction
from dcvd.store.engine.units import Unit, run_group
from dcvd.store.engine.writing.commits import Committer

_SCHEMA: Final = """
PRAGMA foreign_keys = ON;
CREATE TABLE shelves (id TEXT PRIMARY KEY, label TEXT UNIQUE, size INTEGER, above TEXT REFERENCES shelves (id)
    ON DELETE CASCADE, double INTEGER AS (size * 2) VIRTUAL, next INTEGER AS (size + 1) STORED);
CREATE TABLE boxes (number INTEGER PRIMARY KEY, id TEXT UNIQUE, shelf TEXT REFERENCES shelves (id)
    ON DELETE CASCADE ON UPDATE CASCADE, content BLOB);
CREATE TABLE notes (id TEXT PRIMARY KEY, box TEXT REFERENCES boxes (id) ON DELETE SET NULL, text TEXT);
CREATE VIEW contents AS SELECT shelves.label, boxes.content FROM shelves JOIN boxes ON boxes.shelf = shelves.id;
CREATE TRIGGER labelled AFTER UPDATE OF label ON shelves BEGIN
    UPDATE boxes SET content = NULL WHERE shelf = new.id;
    INSERT OR IGNORE INTO notes VALUES (new.id, NULL, new.label);
END;
CREATE TRIGGER noted AFTER DELETE ON notes BEGIN
    UPDATE shelves SET size = ifnull(size, 0) + 1 WHERE id = old.id;
END;
INSERT INTO shelves (id, label, size, above) VALUES ('a', 'x', 1, NULL), ('b', 'y', 2, 'a'), ('c', 'z', NULL, 'b');
INSERT INTO boxes VALUES (1, 'a', 'a', 'one'), (2, 'b', 'b', x'6F6E65'), (3, 'c', NULL, NULL);
INSERT INTO notes VALUES ('a', 'a', 'fragile'), ('b', 'c', NULL);
"""

_QUERIES: Final[dict[str, Collection[Sequence[Any]]]] = {
    "SELECT count(*) FROM SHELVES": [()],
    "SELECT 1 FROM shelves, boxes LIMIT 1": [()],
    "SELECT size FROM shelves WHERE id = ?": [("a",), ("b",)],
    "SELECT label FROM shelves WHERE id = ?1 OR above = ?1": [("a",), ("?",)],
    "SELECT double FROM shelves ORDER BY id": [()],
    "SELECT next FROM shelves WHERE label = ? || 'x' OR id = ?": [("", "b")],
    "SELECT max(rowid) FROM boxes": [()],
    "SELECT number, typeof(content) FROM boxes WHERE content = ?": [("one",), (b"one",), (None,)],
    "SELECT count(*) FROM contents": [()],
    "SELECT content FROM contents WHERE label = 'x'": [()],
    "SELECT count(*) FROM shelves JOIN notes USING (id)": [()],
    "SELECT count(*) FROM boxes NATURAL JOIN notes": [()],
    "SELECT (SELECT count(*) FROM notes), EXISTS (SELECT 1 FROM boxes WHERE shelf IS NULL)": [()],
    "SELECT value FROM json_each(?) WHERE value IN (SELECT id FROM boxes)": [('["a","c"]',)],
    "SELECT count(*) FROM (WITH RECURSIVE under (id) AS (SELECT ? UNION SELECT shelves.id FROM shelves, under"
    " WHERE above = under.id) SELECT id FROM under)": [("a",), ("c",)],
    "SELECT text FROM notes LEFT JOIN boxes ON notes.box = boxes.id ORDER BY notes.id": [()],
}

_CHANGES: Final = (
    "INSERT INTO shelves (id, label, size) VALUES (?1, ?1, 7)",
    "INSERT OR REPLACE INTO shelves (id, label, size) VALUES (?1, 'x', 8)",
    "REPLACE INTO boxes VALUES (2, ?1, ?1, ?1)",
    "INSERT INTO shelves (id, label) VALUES (?1, 'w') ON CONFLICT (id) DO UPDATE SET size = 5, label = excluded.label",
    "UPDATE shelves SET size = ifnull(size, 0) + 1 WHERE id = ?1",
    "UPDATE OR REPLACE shelves SET label = 'x' WHERE id = ?1",
    "UPDATE Shelves SET Label = 'v' WHERE id = ?1",
    "UPDATE shelves SET above = NULL WHERE id = ?1",
    "UPDATE boxes SET rowid = rowid + 10 WHERE id = ?1",
    "UPDATE boxes SET content = ?1, shelf = NULL WHERE id = ?1 RETURNING number",
    'UPDATE boxes SET content = value FROM json_each(\'{"a":1,"b":null}\') WHERE boxes.id = key AND boxes.id = ?1',
    "WITH doomed (id) AS (SELECT ?1) DELETE FROM boxes WHERE id IN (SELECT id FROM doomed)",
    "DELETE FROM shelves WHERE id = ?1",
    "DELETE FROM notes WHERE id = ?1",
    "INSERT INTO notes SELECT ?1, id, content FROM boxes WHERE id = ?1 ON CONFLICT DO NOTHING",
)
_changes = st.tuples(st.sampled_from(_CHANGES), st.sampled_from("abc"))


def open_shelves() -> sqlite3.Connection:
    Snapshot.statement_hook = None  # it knows the tables of dcvd alone
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_SCHEMA)
    return connection


class UndoneError(Exception):
    """A unit ends so."""


def run(connection: sqlite3.Connection, effects: StatementEffects, *works: Callable[[Transaction], object]) -> None:
    loop = asyncio.new_event_loop()
    units: list[Unit[object]] = [Unit(work, loop.create_future(), None) for work in works]
    run_group(connection, Committer(), units, effects, lambda: 0.0)
    loop.close()
    for unit in units:
        if unit.error is not None and not isinstance(unit.error, UndoneError | sqlite3.IntegrityError):
            raise unit.error


def find_stale(tx: Transaction) -> list[str]:
    return [
        sql
        for sql, every in _QUERIES.items()
        for parameters in every
        if tx.share(sql, parameters, tuple) != tuple(tx.fetch_all(sql, parameters))
    ]


def change_and_compare(tx: Transaction, changes: Iterable[tuple[str, str]]) -> None:
    for sql, box in changes:
        assert find_stale(tx) == []
        # The unit goes on without what the database refuses.
        with suppress(sqlite3.IntegrityError):
            tx.fetch_all(sql, (box,)) if "RETURNING" in sql else tx.execute(sql, (box,))
        assert find_stale(tx) == [], sql


@pytest.mark.parametrize("sql", _CHANGES)
def test_an_answer_is_shared_until_a_statement_changes_it(sql: str) -> None:
    for box in "abc":
        with closing(open_shelves()) as connection:
            run(connection, StatementEffects(), lambda tx, box=box: change_and_compare(tx, [(sql, box)]))  # type: ignore[misc]


@given(units=st.lists(st.tuples(st.lists(_changes, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_an_answer_is_shared_by_units_of_which_some_are_undone(units: list[tuple[list[tuple[str, str]], bool]]) -> None:
    def change(tx: Transaction, changes: list[tuple[str, str]], *, is_undone: bool) -> None:
        change_and_compare(tx, changes)
        if is_undone:
            raise UndoneError

    with closing(open_shelves()) as connection:
        works = [lambda tx, unit=unit: change(tx, unit[0], is_undone=unit[1]) for unit in units]
        run(connection, StatementEffects(), *works)


_KEPT: Final = {
    "shelves": ("SELECT id, label, size, above FROM shelves", ()),
    "boxes": ("SELECT id, number, shelf, content FROM boxes", ()),
    "notes": ("SELECT id, box, text FROM notes", ()),
    # A column that does not matter, of which another is generated that does.
    "shelves, doubled": ("SELECT id, double FROM shelves", ("label", "size", "above", "next")),
}


@pytest.mark.parametrize("sql", _CHANGES)
@pytest.mark.parametrize("name", _KEPT)
def test_what_is_kept_of_a_row_is_what_it_is_now(name: str, sql: str) -> None:
    query, ignored = _KEPT[name]
    table = name.split(",")[0]
    for box in "abc":
        kept = KeptRows[Row]({table: ignored}, keyed_by=Column(table, "id"), max_size=100)
        effects = StatementEffects()
        effects.add(kept)
        with closing(open_shelves()) as connection:
            with kept.reading() as reading:
                for row in connection.execute(query):
                    reading.keep(row[0], row)
            run(connection, effects, lambda tx, box=box: tx.execute(sql, (box,), rows={"id": [box]}))  # type: ignore[misc]
            rows = {row[0]: row for row in connection.execute(query)}
        assert [key for key in "abc" if kept.find(key) not in {None, rows.get(key)}] == []


def test_a_query_that_failed_is_no_answer() -> None:
    def ask(tx: Transaction) -> None:
        with pytest.raises(ZeroDivisionError):
            tx.share("SELECT size FROM shelves", (), lambda _: 1 / 0)
        tx.execute("UPDATE shelves SET size = 1")
        counts.append(tx.share("SELECT size FROM shelves", (), len))

    counts: list[int] = []
    with closing(open_shelves()) as connection:
        run(connection, StatementEffects(), ask)
    assert counts == [3]


def test_no_table_and_no_trigger_replaces_rows(blank_database: Path) -> None:
    """SQLite would not say so, to whoever wants to know what a statement changes."""
    with closing(sqlite3.connect(blank_database)) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_schema WHERE sql LIKE '%REPLACE INTO%' OR sql LIKE '%OR REPLACE%'"
            " OR sql LIKE '%CONFLICT REPLACE%'"
        ).fetchall()
    assert found == []
