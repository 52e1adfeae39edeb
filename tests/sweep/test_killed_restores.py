"""A restore that is killed leaves the old database or the restored one, each whole, and can be given again."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.cli.database.restoration import restore_backup
from dcvd.config import Config
from dcvd.config.sections import DatabaseConfig
from dcvd.store.backups.backup import back_up
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.opening.replacement import finish_replacement
from dcvd.store.engine.pragmas import prepare_writer
from tests.sweep.judgement import judge_database
from tests.sweep.killed_restores import kill_at_every_point


def _names(path: Path) -> list[str]:
    judge_database(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM organizations ORDER BY name")]


def _add(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES (?, ?, 1)", (f"org_{name}", name))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A backup that knows Acme, and a killed daemon's database that knows Later too, by its log alone."""
    made, place = tmp_path / "made.db", tmp_path / "place"
    place.mkdir()
    with closing(sqlite3.connect(made, isolation_level=None)) as connection:
        prepare_writer(connection)
        migrate(connection)
        _add(connection, "Acme")
        back_up(made, place / "backup.db")
        _add(connection, "Later")
        for suffix in ("", "-wal", "-shm"):
            (place / f"dcvd.db{suffix}").write_bytes(made.with_name(f"made.db{suffix}").read_bytes())
    return place


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.sweep)])
def test_whenever_it_is_killed_one_of_both_is_there_and_the_other_is_not_lost(
    place: Path, tmp_path: Path, stride: int
) -> None:
    ends = set()
    for left in kill_at_every_point(place, tmp_path / "left", stride=stride):
        database = left / "dcvd.db"
        finish_replacement(database)
        found = _names(database)
        kept = [path for path in left.glob("dcvd.db.replaced-*") if not path.name.endswith(("-wal", "-shm"))]
        assert [_names(path) for path in kept] == ([] if found == ["Acme", "Later"] else [["Acme", "Later"]])
        assert not list(left.glob("dcvd.db.restored-*"))
        ends.add(tuple(found))
        # Given again it does what it should have, and nothing of the first try is left.
        asyncio.run(restore_backup(Config(database=DatabaseConfig(path=database)), left / "backup.db"))
        assert _names(database) == ["Acme"]
        assert not list(left.glob("dcvd.db.rest*"))
    assert ends == {("Acme",), ("Acme", "Later")}
