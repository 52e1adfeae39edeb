"""New rows are stored by few statements, each as it was given."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.store.engine.insertions import ComputedColumn, write_insertions

_COLUMNS = ("id", "name", "size", "seal")
_values = st.none() | st.text(max_size=3) | st.integers(-9, 9) | st.binary(max_size=3)
_rows = st.lists(
    st.tuples(st.integers(0, 2**63 - 1), _values, _values, _values),
    min_size=1,
    max_size=600,
    unique_by=lambda row: row[0],
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE boxes (id INTEGER PRIMARY KEY, name ANY, size ANY, seal ANY, rank ANY) STRICT")
    yield connection
    connection.close()


def store(connection: sqlite3.Connection, rows: list[tuple[Any, ...]], *computed: Any) -> list[tuple[Any, ...]]:
    connection.execute("DELETE FROM boxes")
    column, parameters = (ComputedColumn("rank", computed[0]), computed[1]) if computed else (None, ())
    for sql, values in write_insertions("boxes", _COLUMNS, rows, column, parameters):
        connection.execute(sql, values)
    return connection.execute("SELECT * FROM boxes ORDER BY id").fetchall()


@given(rows=_rows)
def test_each_is_stored_with_all_its_values(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    assert store(connection, rows) == [(*row, None) for row in sorted(rows, key=lambda row: row[0])]


@given(rows=_rows)
def test_a_column_is_computed_from_those_of_its_row(
    connection: sqlite3.Connection, rows: list[tuple[Any, ...]]
) -> None:
    def write(column: Any, first: int) -> str:
        return f"typeof({column('seal')}) || ?{first} || {column('id')}"

    stored = store(connection, rows, write, ["-"])
    kinds = {type(None): "null", str: "text", int: "integer", bytes: "blob"}
    assert [row[4] for row in stored] == [f"{kinds[type(row[3])]}-{row[0]}" for row in stored]


def test_hundreds_take_few_statements_and_few_kinds_of_them() -> None:
    rows = [(number, "a", None, None) for number in range(1_000)]
    statements = [sql for sql, _ in write_insertions("boxes", _COLUMNS, rows)]
    assert len(statements) == 2
    assert [len(list(write_insertions("boxes", _COLUMNS, rows[:count]))) for count in (1, 512)] == [1, 1]
    assert not any("size" in sql for sql in statements)


@given(count=st.integers(2, 300), shared=st.tuples(_values, _values), at=st.integers(0, 299))
def test_values_that_all_rows_share_are_stored_in_each_and_others_stay(
    connection: sqlite3.Connection, count: int, shared: tuple[Any, Any], at: int
) -> None:
    rows = [(number, *shared, None) for number in range(count)]
    rows[at % count] = (at % count, shared[0], "another", None)

    def write(column: Any, first: int) -> str:
        return f"{column('name')} || ?{first} || {column('size')} || {column('seal')}"

    assert store(connection, rows, write, ["-"]) == [(*row, None) for row in rows]
    assert store(connection, rows) == [(*row, None) for row in rows]


def test_what_many_rows_share_is_bound_once() -> None:
    rows = [(number, "a", 7 if number else 8, b"seal") for number in range(64)]
    ((_, values),) = write_insertions("boxes", _COLUMNS, rows)
    assert len(values) == 2 * 64 + 2


def test_no_column_that_may_be_null_is_anything_else_by_itself(blank_database: Path) -> None:
    """So it can be left out where it is NULL."""
    tables = _fetch(blank_database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    assert len(tables) > 40
    columns = "sqlite_schema AS own JOIN pragma_table_info(own.name) AS info"
    by_default = 'NOT info."notnull" AND NOT info.pk AND info.dflt_value IS NOT NULL'
    assert _fetch(blank_database, f"SELECT own.name, info.name FROM {columns} WHERE {by_default}") == []


def _fetch(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
