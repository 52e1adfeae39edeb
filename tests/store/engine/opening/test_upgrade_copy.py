"""Before a schema is brought up to date, the database is copied beside itself."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.errors import DatabaseUnusable, DiskFull
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import upgrade_copy_path
from dcvd.store.engine.migrate import load_migrations, migrate
from dcvd.store.engine.opening.upgrade_copy import copy_before_upgrade
from dcvd.store.engine.pragmas import prepare_writer
from tests.store.engine import version_one

NEWEST = len(load_migrations())


def make(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare_writer(connection)
        migrate(connection, load_migrations()[:version])
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [str(connection.execute("PRAGMA user_version").fetchone()[0]), *connection.iterdump()]


async def start(path: Path, *, upgrade_copy: bool = True) -> None:
    await (await Database.open(path, readers=1, upgrade_copy=upgrade_copy)).close()


async def test_the_copy_is_the_database_as_it_was_and_bears_the_number_of_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    version_one.make(path)
    before = dump(path)
    await start(path)
    copy = tmp_path / "dcvd.db.schema-0001"
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert dump(path)[0] == str(NEWEST)
    assert sorted(os.listdir(tmp_path)) == ["dcvd.db", copy.name]


async def test_a_new_database_and_one_that_is_up_to_date_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    await start(path)
    await start(path)
    assert os.listdir(tmp_path) == ["dcvd.db"]


async def test_the_two_newest_are_kept(tmp_path: Path) -> None:
    for version in (3, 9, 20, NEWEST - 1):
        (tmp_path / "dcvd.db").unlink(missing_ok=True)
        make(tmp_path / "dcvd.db", version)
        await start(tmp_path / "dcvd.db")
    kept = sorted(name for name in os.listdir(tmp_path) if "schema" in name)
    assert kept == ["dcvd.db.schema-0020", f"dcvd.db.schema-{NEWEST - 1:04d}"]


async def test_a_copy_that_an_earlier_start_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    make(path, 30)
    upgrade_copy_path(path, 30).write_text("of a start that was killed before it migrated")
    await start(path)
    assert dump(upgrade_copy_path(path, 30))[0] == "30"


async def test_who_wants_none_gets_none(tmp_path: Path) -> None:
    make(tmp_path / "dcvd.db", 30)
    await start(tmp_path / "dcvd.db", upgrade_copy=False)
    assert os.listdir(tmp_path) == ["dcvd.db"]


async def test_a_damaged_database_is_not_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    make(path, 30)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable):
        await start(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (30,)
    assert os.listdir(tmp_path) == ["dcvd.db"]


_IN_LITTLE_SPACE = """
import asyncio, resource, signal, sys
from pathlib import Path
from dcvd.errors import DiskFull
from dcvd.store.engine.database import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    asyncio.run(Database.open(Path(sys.argv[1]), upgrade_copy=True))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_where_the_copy_cannot_be_finished_nothing_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    make(path, 30)
    before = dump(path)
    script = [sys.executable, "-c", _IN_LITTLE_SPACE, str(path)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert "Error" in done.stdout or "Full" in done.stdout, done.stdout + done.stderr
    assert dump(path) == before
    assert [name for name in os.listdir(tmp_path) if "schema" in name or "draft" in name] == []


def test_where_there_is_too_little_space_the_sentence_has_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the system knows what is free, so its answer is replaced, as far out as Python goes.
    path = tmp_path / "dcvd.db"
    make(path, 30)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 4096}))
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
        pytest.raises(DiskFull, match=r"has schema version 30\..* MiB are free.*database\.upgrade_copy = false"),
    ):
        copy_before_upgrade(connection, path)
    assert os.listdir(tmp_path) == ["dcvd.db"]


async def test_an_older_dcvd_names_the_copy_to_go_back_to(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    make(path, NEWEST - 1)
    await start(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 3}")
    copy = upgrade_copy_path(path, NEWEST - 1)
    with pytest.raises(DatabaseUnusable) as caught:
        await start(path)
    assert caught.value.message == (
        f"The database has schema version {NEWEST + 3}, but this dcvd knows {NEWEST} at most: a newer dcvd has used "
        f"it. Start that version, or give up what happened since the upgrade: `dcvd restore {copy}` puts back the copy "
        "from before it."
    )
    copy.unlink()
    with pytest.raises(DatabaseUnusable, match="or restore a backup from before the upgrade"):
        await start(path)
