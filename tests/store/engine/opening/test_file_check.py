"""The check of the whole file at a start: a large one is used meanwhile, and ends the daemon where it is damaged."""

import asyncio
import gc
import sqlite3
from pathlib import Path

import pytest

from dcvd.errors import DatabaseUnusable
from dcvd.store.engine.database import Database
from dcvd.store.engine.opening import file_check
from dcvd.store.organizations.organizations import Organization, insert


async def _make(path: Path) -> None:
    database = await Database.open(path)
    for number in range(300):
        organization = Organization(id=f"org_{number}", name=f"n{number}", created_at=1)
        await database.write(lambda tx, organization=organization: insert(tx, organization))  # type: ignore[misc]
    await database.close()


def _damage_index(path: Path) -> None:
    """Damage what no start reads: an index of the audit."""
    connection = sqlite3.connect(path)
    ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_entries_by_age'").fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def _check_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_check, "_LARGE_FILE_BYTES", 0)


async def test_a_small_damaged_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    await _make(path)
    _damage_index(path)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        await Database.open(path, check=True)


async def test_a_large_damaged_file_is_opened_and_ends_the_watch_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_beside(monkeypatch)
    path = tmp_path / "dcvd.db"
    await _make(path)
    _damage_index(path)
    database = await Database.open(path, check=True)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        await asyncio.wait_for(database.watch_file(), 60)
    await database.close()


async def test_a_large_file_serves_while_it_is_checked_and_is_closed_before_the_check_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_for_ever(connection: sqlite3.Connection) -> None:
        connection.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")

    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    _check_beside(monkeypatch)
    monkeypatch.setattr(file_check, "quick_check", check_for_ever)
    path = tmp_path / "dcvd.db"
    database = await Database.open(path, check=True)
    organization = Organization(id="org_1", name="n", created_at=1)
    await database.write(lambda tx: insert(tx, organization))
    watch = asyncio.create_task(database.watch_file())
    await asyncio.wait_for(database.close(), 60)
    await asyncio.wait_for(watch, 60)
    del database
    gc.collect()
    assert faults == [], "an end that was asked for is no failure"
