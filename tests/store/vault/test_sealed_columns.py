"""The list of sealed columns is whole, and each can be walked without a scan."""

import sqlite3
from contextlib import closing

from dcvd.store.vault.sealed_columns import COLUMNS
from tests.plans import Plans


def test_every_column_that_is_named_as_sealed_is_in_the_list(schema: sqlite3.Connection) -> None:
    tables = [row[0] for row in schema.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    named = {
        (table, column)
        for table in tables
        for _, column, *_ in schema.execute(f"PRAGMA table_info({table})")
        if column.startswith(("sealed", "encrypted"))
    }
    assert named == {(column.table, column.column) for column in COLUMNS}


def test_no_two_columns_share_a_field_or_a_name_could_be_moved_unseen() -> None:
    assert len({column.field for column in COLUMNS}) == len(COLUMNS)
    assert {column.field.partition(".")[0] for column in COLUMNS} == {column.table for column in COLUMNS}


def test_every_column_is_indexed_by_its_heads() -> None:
    with closing(Plans()) as plans:
        for column in COLUMNS:
            sql = f"SELECT 1 FROM {column.table} WHERE {column.head_sql} = ? AND {column.column} IS NOT NULL"
            assert plans.faults(sql) == []
