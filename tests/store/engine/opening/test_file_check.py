"""The check of the whole file at a start: a large one is used meanwhile, and ends the daemon where it is damaged."""

import asyncio
import gc
import sqlite3
import threading
from pathlib import Path

import pytest

from dcvd.errors import DatabaseUnusable
from dcvd.store.engine.database import Database
from dcvd.store.engine.opening.file_check import FileCheck
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


async def test_a_small_damaged_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    await _make(path)
    _damage_index(path)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        await Database.open(path, check=True)


async def test_a_large_damaged_file_is_opened_and_ends_the_watch_over_it(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    await _make(path)
    _damage_index(path)
    database = await Database.open(path, check=True, large_file_bytes=0)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        await asyncio.wait_for(database.watch_file(), 60)
    await database.close()


async def test_a_large_file_is_used_while_it_is_checked(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "dcvd.db", check=True, large_file_bytes=0)
    watch = asyncio.create_task(database.watch_file())
    organization = Organization(id="org_1", name="n", created_at=1)
    await database.write(lambda tx: insert(tx, organization))
    await asyncio.wait_for(database.close(), 60)
    await asyncio.wait_for(watch, 60)


async def test_a_check_is_ended_wherever_it_is_and_that_is_no_failure(tmp_path: Path) -> None:
    begun = threading.Event()

    def check_for_ever(connection: sqlite3.Connection) -> None:
        begun.set()
        connection.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")

    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    path = tmp_path / "dcvd.db"
    await _make(path)
    check = FileCheck(path, check_for_ever)
    check.report_to(faults.append)
    await asyncio.to_thread(begun.wait, 60)
    await asyncio.wait_for(check.stop(), 60)
    del check
    gc.collect()
    assert faults == []
