"""What a daemon's database holds, read beside it or after its death."""

import sqlite3
from pathlib import Path

from dcvd.store.checks import check_database


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """All rows of a statement."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def check_rules(path: Path) -> None:
    """Raises AssertionError where a rule of the database is broken, as `dcvd check` would tell."""
    assert check_database(path, deliveries_since=0).faults == []
