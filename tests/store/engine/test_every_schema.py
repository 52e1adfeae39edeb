"""From every version of the schema that there was, with rows in each of its tables, an upgrade keeps what it had."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.kit.logs.configuration import configure_logging
from dcvd.store.engine.migrate import load_migrations, migrate
from dcvd.store.engine.pragmas import prepare_writer
from tests.store.engine import filled_schema

HASHES = Path(__file__).with_name("schemas.txt")
"""The hash of each version's schema. `python -m tests.store.engine.test_every_schema` adds those of new ones."""
NEWEST = len(load_migrations())
_CONNECTIONS = 4
"""The version that began connections anew: nothing had made one before."""


def schema_hash(version: int) -> str:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, load_migrations()[:version])
        rows = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
        ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def known_hashes() -> list[str]:
    return HASHES.read_text(encoding="ascii").split()


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
@pytest.mark.sampled(6)
def test_no_version_that_was_ever_used_is_changed_afterwards(version: int) -> None:
    assert known_hashes()[version - 1 : version] == [schema_hash(version)]


def test_every_version_is_known() -> None:
    assert len(known_hashes()) == NEWEST, f"for a new migration, run python -m {__name__}"


@pytest.mark.parametrize("version", range(1, NEWEST))
@pytest.mark.sampled(6)
def test_an_upgrade_keeps_the_rows_of_every_table(version: int, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)) as connection:
        prepare_writer(connection)
        connection.execute("PRAGMA synchronous = OFF")  # nothing loses power here
        counts = filled_schema.make(connection, version)
        ids = _ids(connection, counts)
        assert migrate(connection) == NEWEST
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        found = _ids(connection, counts)
    if version < _CONNECTIONS:
        del ids["oauth_connections"]
    assert {table: ids[table] - found[table] for table in ids} == {table: set() for table in ids}


def _ids(connection: sqlite3.Connection, tables: dict[str, int]) -> dict[str, set[object]]:
    """The ids of the rows of each table that still has them."""
    found = {}
    for table in tables:
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if "id" in columns:
            found[table] = {row[0] for row in connection.execute(f"SELECT id FROM {table}")}
    return found


def add_hashes() -> None:
    """Write down the versions that are not known yet."""
    configure_logging(level="error")
    known = known_hashes() if HASHES.exists() else []
    known += [schema_hash(version) for version in range(len(known) + 1, NEWEST + 1)]
    HASHES.write_text("".join(f"{each}\n" for each in known), encoding="ascii")


if __name__ == "__main__":
    add_hashes()
