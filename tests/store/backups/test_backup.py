"""Backups: the state of one instant, beside a writer that never stops, or nothing at all."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dcvd.errors import StoreError
from dcvd.store.backups.backup import back_up
from dcvd.store.engine.database import Database
from dcvd.store.engine.file_state import APPLICATION_ID
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert, list_all
from dcvd.store.vault import vault_keys
from dcvd.store.vault.vault_keys import VaultKeyRecord

NOBODY = 65534

# Every commit adds one to both counters and a row; a copy in which they differ is torn.
_WRITER = """
import asyncio, sys
from pathlib import Path
from dcvd.store.engine.database import Database
from dcvd.store.organizations.organizations import Organization, insert

async def main(path):
    database = await Database.open(path, readers=1)
    number = 0
    def unit(tx):
        insert(tx, Organization(id=f"org_{number:08d}", name=f"{number:08d}" + "x" * 2000, created_at=number))
        tx.execute("UPDATE organizations SET last_sequence = ? WHERE id = 'org_first'", (number,))
        tx.execute("UPDATE organizations SET last_sequence = ? WHERE id = 'org_last'", (number,))
    while True:
        number += 1
        await database.write(unit)
        if number == 50:
            print("writing", flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def _organization(identifier: str, created_at: int = 0) -> Organization:
    return Organization(id=identifier, name=identifier, created_at=created_at)


async def _filled(path: Path, rows: int = 0) -> Path:
    """A closed database with `rows` rows of 2 kB and two counters around them."""

    def fill(tx: Transaction) -> None:
        insert(tx, _organization("org_first"))
        for number in range(rows):
            insert(tx, Organization(id=f"org_bulk{number}", name=f"bulk{number}" + "y" * 2000, created_at=0))
        insert(tx, _organization("org_last"))

    database = await Database.open(path, readers=1)
    await database.write(fill)
    await database.close()
    return path


def _query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    return await _filled(tmp_path / "dcvd.db")


@pytest.fixture
async def full(tmp_path: Path) -> Path:
    """A database of several steps' size."""
    return await _filled(tmp_path / "dcvd.db", rows=1500)


@pytest.fixture
def written(full: Path) -> Iterator[Path]:
    """Another process writes to it without a pause."""
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(full)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline()) != "writing\n":
                assert line, "the writer did not start"
            yield full
            assert process.poll() is None, "the writer was hurt"
        finally:
            process.kill()


def test_a_copy_made_while_another_process_writes_is_the_state_of_one_instant(written: Path, tmp_path: Path) -> None:
    made = [back_up(written, tmp_path / f"copy{number}.db") for number in range(3)]
    seen: list[int] = []
    for copy in made:
        assert copy.bytes == copy.file.stat().st_size
        counts = _query(copy.file, "SELECT last_sequence FROM organizations WHERE id IN ('org_first', 'org_last')")
        ((rows, newest),) = _query(
            copy.file, "SELECT count(*), max(created_at) FROM organizations WHERE created_at > 0"
        )
        assert counts == [(newest,), (newest,)]
        assert rows == newest
        assert _query(copy.file, "PRAGMA integrity_check") == [("ok",)]
        seen.append(newest)
    assert seen == sorted(set(seen)), "the writer stood still"


def test_commits_go_on_between_the_steps_of_a_copy(written: Path, tmp_path: Path) -> None:
    steps = 0

    def rest(_seconds: float) -> None:
        nonlocal steps
        steps += 1
        before, give_up = _newest(written), time.monotonic() + 5
        while _newest(written) == before:
            assert time.monotonic() < give_up, "no commit while the copy is made"
            os.sched_yield()

    back_up(written, tmp_path / "copy.db", sleep=rest)
    assert steps > 3


def _newest(path: Path) -> object:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT max(created_at) FROM organizations").fetchone()


async def test_what_only_the_log_of_a_killed_daemon_holds_is_in_the_copy(source: Path, tmp_path: Path) -> None:
    # A reader that stays keeps the log from being folded in at the close.
    with closing(sqlite3.connect(source, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM organizations").fetchone()
        database = await Database.open(source, readers=1)
        await database.write(lambda tx: insert(tx, _organization("org_late")))
        await database.close()
        (crashed := tmp_path / "crashed").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{source}{suffix}", crashed / f"dcvd.db{suffix}")
    assert ("org_late",) not in _query(crashed / "dcvd.db", "SELECT id FROM organizations")
    made = back_up(crashed / "dcvd.db", tmp_path / "copy.db")
    assert ("org_late",) in _query(made.file, "SELECT id FROM organizations")


async def test_a_copy_is_a_database_that_dcvd_opens(source: Path, tmp_path: Path) -> None:
    made = back_up(source, tmp_path / "copy.db")
    database = await Database.open(made.file, check=True)
    assert [found.id for found in await database.read(list_all)] == ["org_first", "org_last"]
    await database.close()
    assert made.schema == len(load_migrations())


def test_the_source_stays_as_it_is_to_the_byte(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    back_up(source, tmp_path / "copy.db")
    assert source.read_bytes() == before


def test_a_copy_is_private_and_nothing_lies_beside_it(source: Path, tmp_path: Path) -> None:
    (target := tmp_path / "backups").mkdir()
    made = back_up(source, target / "copy.db")
    assert os.listdir(target) == ["copy.db"]
    assert made.file.stat().st_mode & 0o777 == 0o600


def test_a_copy_belongs_to_the_owner_of_its_directory(source: Path, tmp_path: Path) -> None:
    # Root alone can work in a directory of somebody else's; everybody else's is their own.
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    (target := tmp_path / "backups").mkdir()
    os.chown(target, owner, -1)
    assert back_up(source, target / "copy.db").file.stat().st_uid == owner


def test_a_copy_leaves_nothing_beside_the_source_that_its_owner_could_not_use(source: Path, tmp_path: Path) -> None:
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    (home := tmp_path / "home").mkdir()
    moved = source.rename(home / "dcvd.db")
    for path in (home, moved):
        os.chown(path, owner, -1)
    back_up(moved, tmp_path / "copy.db")
    assert {path.stat().st_uid for path in home.iterdir()} == {owner}


async def test_the_keys_that_a_copy_needs_are_those_it_holds(source: Path, tmp_path: Path) -> None:
    keys = [
        VaultKeyRecord(key_id="aa" * 8, source="/there/dcvd.db.key", salt=None, created_at=1),
        VaultKeyRecord(key_id="bb" * 8, source="elsewhere", salt=b"s" * 16, created_at=2),
    ]
    assert back_up(source, tmp_path / "none.db").keys == []
    database = await Database.open(source)
    for key in reversed(keys):
        await database.write(partial(vault_keys.record_active, key=key))
    assert back_up(source, tmp_path / "two.db").keys == keys
    await database.close()


def test_a_database_of_before_the_vault_needs_no_key(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(load_migrations()[0].sql)
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    made = back_up(path, tmp_path / "copy.db")
    assert (made.keys, made.schema) == ([], 1)


def test_a_link_to_the_database_is_followed_to_the_file_and_its_log(source: Path, tmp_path: Path) -> None:
    (link := tmp_path / "link.db").symlink_to(source)
    made = back_up(link, tmp_path / "copy.db")
    assert len(_query(made.file, "SELECT id FROM organizations")) == 2
    assert not (tmp_path / "link.db-wal").exists()


@pytest.mark.parametrize("name", ["a copy?mode=rw#1.db", "100%25.db", "ä.db"])
async def test_any_name_will_do_for_both(tmp_path: Path, name: str) -> None:
    path = await _filled(tmp_path / name)
    (tmp_path / "backups").mkdir()
    made = back_up(path, tmp_path / "backups" / name)
    assert len(_query(made.file, "SELECT id FROM organizations")) == 2


def test_a_file_that_is_there_is_kept(source: Path, tmp_path: Path) -> None:
    (target := tmp_path / "copy.db").write_text("theirs")
    with pytest.raises(StoreError, match=r"copy\.db is already there, and a backup replaces nothing"):
        back_up(source, target)
    assert target.read_text() == "theirs"


def test_the_database_itself_is_no_place_for_its_backup(source: Path) -> None:
    with pytest.raises(StoreError, match="already there"):
        back_up(source, source)


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database at"):
        back_up(tmp_path / "dcvd.db", tmp_path / "copy.db")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_file_of_something_else_is_refused_and_nothing_made(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "other.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"not a database"):
        back_up(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_a_damaged_database_leaves_no_backup(tmp_path: Path) -> None:
    source = await _filled(tmp_path / "dcvd.db", rows=500)
    damaged = bytearray(source.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 65536] = bytes(65536)
    source.write_bytes(damaged)
    (target := tmp_path / "backups").mkdir()
    with pytest.raises(StoreError, match=r"is damaged \(.*\): no backup was kept|malformed"):
        back_up(source, target / "copy.db")
    assert os.listdir(target) == []


def test_a_copy_that_is_broken_off_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    (target := tmp_path / "backups").mkdir()
    with pytest.raises(KeyboardInterrupt):
        back_up(source, target / "copy.db", sleep=interrupt)
    assert os.listdir(target) == []


def test_a_directory_that_is_not_there_is_a_sentence(source: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"The backup .*/none/copy\.db cannot be written: No such file or directory\."):
        back_up(source, tmp_path / "none" / "copy.db")


@pytest.mark.sweep
async def test_a_long_copy_is_synced_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = await _filled(tmp_path / "dcvd.db")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE big (x)")
        writer.executemany("INSERT INTO big VALUES (zeroblob(?))", [(1 << 20,)] * 48)
    synced: list[str] = []
    # Only the system knows what it has on disk, so what is asked of it is noted, as far out as Python goes.
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    back_up(source, tmp_path / "copy.db")
    draft, *_ = synced
    # Each sixteen mebibytes, and at the end: the file, then the directory that names it.
    assert synced == [draft] * 4 + [str(tmp_path)]
