"""The writer's thread goes on with the next statement by itself, and other units share a commit."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from dcvd.errors import StoreError
from dcvd.store.engine.database import Database
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.organizations.organizations import Organization, insert


def statement(key: str) -> StatementUnit:
    return StatementUnit("add", "INSERT INTO organizations (id, name, created_at) VALUES (?, ?, 1)", (key, key))


def unit(key: str) -> Callable[[Transaction], None]:
    return lambda tx: insert(tx, Organization(id=key, name=key, created_at=1))


@asynccontextmanager
async def held_up(database: Database, path: Path) -> AsyncIterator[list[str]]:
    """Another program writes, so the writer's thread waits with the first statement; what it runs from then on."""
    seen: list[str] = []
    await database.maintain(lambda connection: connection.set_trace_callback(seen.append))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield seen
        other.execute("COMMIT")


def shorten(seen: list[str]) -> list[str]:
    return [sql.partition(" ")[0] for sql in seen if not sql.startswith(("SAVEPOINT", "RELEASE", "SELECT"))]


async def _write_all(database: Database, *units: Any) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(database.write(each)) for each in units]
    await asyncio.sleep(0)
    return tasks


async def _stored(database: Database) -> list[str]:
    def query(snapshot: Snapshot) -> list[str]:
        return snapshot.fetch_column("SELECT id FROM organizations ORDER BY id")

    return await database.read(query)


async def test_statements_that_wait_run_one_after_the_other_and_with_other_units_in_one_commit(
    database: Database, tmp_path: Path
) -> None:
    async with held_up(database, tmp_path / "dcvd.db") as seen:
        tasks = await _write_all(database, *map(statement, ("a", "b", "c")), unit("d"), unit("e"))
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)
    assert shorten(seen) == ["INSERT", "INSERT", "BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert await _stored(database) == ["a", "b", "c", "d", "e"]


async def test_one_that_is_refused_ahead_harms_no_other(database: Database, tmp_path: Path) -> None:
    async with held_up(database, tmp_path / "dcvd.db"):
        tasks = await _write_all(database, *map(statement, ("a", "a", "b")))
    async with asyncio.timeout(10):
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [int, sqlite3.IntegrityError, int]
    assert await _stored(database) == ["a", "b"]


async def test_what_waits_at_the_end_is_written_before_the_database_closes(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "dcvd.db")
    async with held_up(database, tmp_path / "dcvd.db"):
        tasks = await _write_all(database, *map(statement, ("a", "b", "c")))
        closing_task = asyncio.create_task(database.close())
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await asyncio.gather(*tasks) == [1, 1, 1]
        await closing_task


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_one_whose_caller_gives_up_is_run_whole_or_not_at_all(
    database: Database, tmp_path: Path, which: int
) -> None:
    async with held_up(database, tmp_path / "dcvd.db"):
        tasks = await _write_all(database, *map(statement, ("a", "b", "c")))
        async with asyncio.timeout(10):
            while database.writer_state.count_waiting() > 2:  # the one ahead, and the last
                await asyncio.sleep(0)
        tasks[which].cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks, return_exceptions=True)
    # The thread had been given the first two already.
    assert await _stored(database) == (["a", "b"] if which == 2 else ["a", "b", "c"])


@pytest.mark.parametrize("gives_up", [False, True])
async def test_where_the_writer_breaks_nobody_waits_for_ever_and_what_is_stored_is_told(
    database: Database, tmp_path: Path, *, gives_up: bool
) -> None:
    def break_down(key: str) -> None:
        raise ValueError(key)

    database.subscribe(Topic.RIGHTS, break_down)
    async with held_up(database, tmp_path / "dcvd.db"):
        first = statement("a")
        broken = StatementUnit("add", first.sql, first.parameters, ((Topic.RIGHTS, "a"),))
        tasks = await _write_all(database, broken, statement("b"), statement("c"))
        async with asyncio.timeout(10):
            while database.writer_state.count_waiting() > 2:  # the one ahead, and the last
                await asyncio.sleep(0)
        if gives_up:
            tasks[1].cancel()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(ValueError, match="a"):
            await database.watch_file()
    assert results[0] == 1
    assert isinstance(results[1], asyncio.CancelledError) if gives_up else results[1] == 1
    assert isinstance(results[2], StoreError)
    with closing(sqlite3.connect(tmp_path / "dcvd.db")) as other:
        assert other.execute("SELECT id FROM organizations ORDER BY id").fetchall() == [("a",), ("b",)]
