"""The writer and the readers: whole units, shared commits, nothing torn."""

import asyncio
import inspect
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiosqlite
import pytest

from dcvd.errors import DiskFull, NotFound, StoreError
from dcvd.store.engine.connection_thread import run_on_thread
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.organizations.organizations import Organization, insert, list_all
from tests.waiting import until


def _organization(number: int) -> Organization:
    return Organization(id=f"org_{number:04d}", name=f"n{number:04d}", created_at=1)


def _add(number: int) -> Callable[[Transaction], None]:
    return lambda tx: insert(tx, _organization(number))


async def _names(database: Database) -> list[str]:
    return [found.name for found in await database.read(list_all)]


async def test_what_a_write_stored_is_read_back(database: Database) -> None:
    await database.write(_add(1))
    assert await _names(database) == ["n0001"]


async def test_a_unit_that_raises_undoes_itself_and_nothing_else_of_its_group(database: Database) -> None:
    def failing(tx: Transaction) -> None:
        insert(tx, _organization(2))
        raise NotFound("no such thing")

    results = await asyncio.gather(
        database.write(_add(1)), database.write(failing), database.write(_add(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), NotFound, type(None)]
    assert await _names(database) == ["n0001", "n0003"]


async def test_units_that_wait_together_share_one_commit(database: Database) -> None:
    commits = []
    await database.maintain(
        lambda connection: connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
    )
    await asyncio.gather(*(database.write(_add(number)) for number in range(100)))
    assert len(await _names(database)) == 100
    assert len(commits) <= 50


async def test_a_caller_cancelled_before_its_turn_leaves_nothing(database: Database) -> None:
    task = asyncio.create_task(database.write(_add(1)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(_add(2))
    assert await _names(database) == ["n0002"]


async def test_a_caller_cancelled_in_the_middle_leaves_its_unit_whole(database: Database) -> None:
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(tx: Transaction) -> None:
        insert(tx, _organization(1))
        loop.call_soon_threadsafe(began.set)
        # Runs on the writer's thread, so the caller can be cancelled while it does.
        for number in range(2, 400):
            insert(tx, _organization(number))

    task = asyncio.create_task(database.write(slow))
    await began.wait()
    task.cancel()
    await asyncio.wait([task])
    await database.write(_add(500))
    assert len(await _names(database)) in (1, 400)
    assert "n0500" in await _names(database)


async def test_readers_cannot_write(database: Database) -> None:
    def sneaky(snapshot: Snapshot) -> None:
        snapshot.fetch_all("INSERT INTO organizations (id, name, created_at) VALUES ('org_x', 'x', 1)")

    with pytest.raises(StoreError, match="readonly"):
        await database.read(sneaky)


async def test_a_read_sees_one_state_while_writes_go_on(database: Database) -> None:
    await database.write(_add(1))
    loop = asyncio.get_running_loop()
    reading, written = asyncio.Event(), asyncio.Event()

    def twice(snapshot: Snapshot) -> tuple[int, int]:
        first = len(list_all(snapshot))
        loop.call_soon_threadsafe(reading.set)
        asyncio.run_coroutine_threadsafe(written.wait(), loop).result(timeout=5)
        return first, len(list_all(snapshot))

    task = asyncio.create_task(database.read(twice))
    await reading.wait()
    await database.write(_add(2))
    written.set()
    assert await task == (1, 1)


async def test_a_read_that_was_given_up_holds_up_no_other_while_a_reader_is_idle(database: Database) -> None:
    loop = asyncio.get_running_loop()
    reading = [asyncio.Event() for _ in range(3)]
    may_end = threading.Event()

    def last_long(number: int) -> Callable[[Snapshot], None]:
        def query(snapshot: Snapshot) -> None:
            loop.call_soon_threadsafe(reading[number].set)
            may_end.wait(10)

        return query

    abandoned = []
    for number, event in enumerate(reading[:2]):
        abandoned.append(asyncio.create_task(database.read(last_long(number))))
        await event.wait()
        abandoned[number].cancel()
        await asyncio.wait(abandoned)
    async with asyncio.timeout(5):
        for _ in range(3):
            assert await _names(database) == []
    # The third is given up too: whoever reads now waits until the first of them has ended.
    third = asyncio.create_task(database.read(last_long(2)))
    await reading[2].wait()
    third.cancel()
    waiting = asyncio.create_task(_names(database))
    await asyncio.wait([third])
    assert not waiting.done()
    may_end.set()
    async with asyncio.timeout(5):
        assert await waiting == []
        assert await asyncio.gather(*(_names(database) for _ in range(6))) == [[]] * 6


async def test_an_opening_that_is_cancelled_leaves_nothing_open_however_often_it_is_cancelled(tmp_path: Path) -> None:
    await asyncio.to_thread(int)  # the thread that looks at files is asyncio's own, and stays
    before = set(threading.enumerate())
    opening = asyncio.create_task(Database.open(tmp_path / "x.db"))
    while set(threading.enumerate()) == before:
        await asyncio.sleep(0)
    for _ in range(3):
        opening.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await opening

    async def nothing_open() -> bool:
        return set(threading.enumerate()) <= before

    await until(nothing_open, seconds=5)


async def test_the_database_closes_after_a_read_that_was_given_up_has_ended(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "x.db")
    loop = asyncio.get_running_loop()
    reading, may_end = asyncio.Event(), threading.Event()

    def last_long(snapshot: Snapshot) -> None:
        loop.call_soon_threadsafe(reading.set)
        may_end.wait(10)

    task = asyncio.create_task(database.read(last_long))
    await reading.wait()
    task.cancel()
    await asyncio.wait([task])
    closing = asyncio.create_task(database.close())
    await asyncio.wait([closing], timeout=0.05)
    assert not closing.done()
    may_end.set()
    async with asyncio.timeout(5):
        await closing


async def test_listeners_are_woken_after_the_commit_and_not_by_a_unit_that_failed(database: Database) -> None:
    woken = database.listen(Topic.JOBS)

    def failing(tx: Transaction) -> None:
        tx.announce(Topic.JOBS)
        raise NotFound("no")

    with pytest.raises(NotFound):
        await database.write(failing)
    assert not woken.is_set()
    await database.write(lambda tx: tx.announce(Topic.JOBS))
    assert woken.is_set()


async def test_close_finishes_what_was_queued_and_refuses_more(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "x.db")
    tasks = [asyncio.create_task(database.write(_add(number))) for number in range(50)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*tasks)
    with pytest.raises(StoreError, match="closed"):
        await database.write(_add(99))
    with sqlite3.connect(tmp_path / "x.db") as connection:
        assert connection.execute("SELECT count(*) FROM organizations").fetchone() == (50,)
    connection.close()
    assert not (tmp_path / "x.db-wal").exists()


async def test_reads_under_way_end_before_the_close_and_later_ones_are_refused(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "x.db", readers=1)
    await database.write(_add(1))
    reads = [asyncio.create_task(database.read(list_all)) for _ in range(10)]
    await asyncio.sleep(0)
    await database.close()
    assert {len(await read) for read in reads} == {1}
    with pytest.raises(StoreError, match="closed"):
        await database.read(list_all)


async def test_a_full_disk_acknowledges_nothing_and_heals_when_there_is_space(database: Database) -> None:
    await database.write(_add(1))
    (pages,) = await database.maintain(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    def big(tx: Transaction) -> None:
        for number in range(2, 5000):
            insert(tx, _organization(number))

    with pytest.raises(DiskFull, match="disk is full"):
        await database.write(big)
    assert await _names(database) == ["n0001"]
    await database.maintain(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchall())
    await database.write(big)
    assert len(await _names(database)) == 4999


async def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    database = await Database.open(path)

    def fill(tx: Transaction) -> None:
        for number in range(3000):
            insert(tx, _organization(number))

    await database.write(fill)
    await database.close()
    damaged = bytearray(path.read_bytes())
    damaged[8192:40960] = bytes(32768)
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        await Database.open(path, check=True)


@pytest.fixture
async def made_anew(tmp_path: Path) -> AsyncIterator[Database]:
    """Not a copy: what a first start makes."""
    opened = await Database.open(tmp_path / "new.db")
    yield opened
    await opened.close()


async def test_the_file_is_private_to_its_owner(made_anew: Database, tmp_path: Path) -> None:
    await made_anew.write(_add(1))
    for name in ("new.db", "new.db-wal"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


async def test_commits_are_synced_and_only_the_writer_may_change(made_anew: Database) -> None:
    database = made_anew
    settings = await database.maintain(
        lambda connection: [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum")
        ]
    )
    assert settings == ["wal", 2, 1, 2]


async def test_the_private_call_of_aiosqlite_is_still_what_we_build_on(tmp_path: Path) -> None:
    assert list(inspect.signature(aiosqlite.Connection._execute).parameters) == ["self", "fn", "args", "kwargs"]
    async with aiosqlite.connect(tmp_path / "x.db") as connection:
        main = threading.get_ident()
        where = await run_on_thread(connection, lambda raw: (type(raw), threading.get_ident()))
        assert where[0] is sqlite3.Connection
        assert where[1] != main
