"""What is known of the writer: whether it moves, whether it can store, and since when."""

import asyncio
import threading

import pytest

from dcvd.errors import DiskFull, NotFound
from dcvd.store.engine.caller_database import CallerDatabase
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction
from dcvd.store.engine.writer_state import WriterState
from dcvd.store.organizations.organizations import Organization, insert


class Seconds:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _add(tx: Transaction, number: int = 1) -> None:
    insert(tx, Organization(id=f"org_{number:04d}", name=f"n{number:04d}", created_at=1))


def test_a_stall_lasts_as_long_as_the_writer_is_at_one_group() -> None:
    seconds = Seconds()
    state = WriterState(seconds)
    assert state.measure_stall() == 0
    state.begin_group()
    seconds.now += 7
    assert state.measure_stall() == 7
    state.fail_group("disk_full")
    assert state.measure_stall() == 0
    state.begin_group()
    seconds.now += 3
    state.end_group(has_written=True)
    seconds.now += 3
    assert state.measure_stall() == 0


def test_an_outage_begins_with_the_first_failure_and_ends_when_something_is_stored_again() -> None:
    seconds = Seconds()
    state = WriterState(seconds)
    recoveries: list[float] = []
    state.call_when_recovered(lambda: recoveries.append(seconds.now))
    for _ in range(2):
        seconds.now += 5
        state.fail_group("disk_full")
    assert (state.can_store, state.measure_outage(), state.measure_commit_age()) == (False, 5, 10)
    state.end_group(has_written=False)
    assert not state.can_store
    seconds.now += 3
    assert (state.has_failed_within(3), state.has_failed_within(2.9)) == (True, False)
    seconds.now -= 3
    assert recoveries == []
    seconds.now += 1
    state.end_group(has_written=True)
    state.end_group(has_written=True)
    assert (state.can_store, state.measure_outage(), state.measure_commit_age()) == (True, 0, 0)
    assert (recoveries, state.commits, state.failures) == ([111.0], 2, {"disk_full": 2})


async def test_a_group_that_waits_for_the_disk_is_a_stall_and_a_caller_sees_it_too(database: Database) -> None:
    may_end, loop = threading.Event(), asyncio.get_running_loop()
    began = asyncio.Event()

    def wait(tx: Transaction) -> None:
        loop.call_soon_threadsafe(began.set)
        may_end.wait(10)
        _add(tx)

    task = asyncio.create_task(database.write(wait))
    await began.wait()
    caller = CallerDatabase(database, check=None, claimant="org_a")
    assert caller.writer_state.measure_stall() > 0
    may_end.set()
    await task
    assert database.writer_state.measure_stall() == 0
    assert database.writer_state.commits == 1


async def test_only_what_changes_a_row_and_stays_counts_as_stored(database: Database) -> None:
    def refuse(tx: Transaction) -> None:
        _add(tx)
        raise NotFound("no such thing")

    await database.write(lambda tx: tx.fetch_all("SELECT 1"))
    for number in (1, 2):
        results = await asyncio.gather(*[database.write(refuse)] * number, return_exceptions=True)
        assert [type(result) for result in results] == [NotFound] * number
    assert database.writer_state.commits == 0
    await asyncio.gather(database.write(refuse), database.write(_add), return_exceptions=True)
    assert database.writer_state.commits == 1


async def test_a_full_disk_is_an_outage_until_there_is_space(database: Database) -> None:
    (pages,) = await database.maintain(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    def fill(tx: Transaction) -> None:
        for number in range(5000):
            _add(tx, number)

    with pytest.raises(DiskFull):
        await database.write(fill)
    assert not database.writer_state.can_store
    assert database.writer_state.failures == {"disk_full": 1}
    await database.maintain(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchall())
    await database.write(fill)
    assert database.writer_state.can_store


async def test_what_a_full_disk_refuses_of_one_unit_is_counted_and_is_an_outage_where_nothing_else_is_stored(
    database: Database,
) -> None:
    await database.write(_add)
    (pages,) = await database.maintain(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    def add_long_name(tx: Transaction) -> None:
        # One statement, which SQLite undoes alone.
        tx.execute("UPDATE organizations SET name = ?", ("n" * 1_000_000,))

    def touch(tx: Transaction) -> None:
        tx.execute("UPDATE organizations SET created_at = created_at + 1")

    with pytest.raises(DiskFull):
        await database.write(add_long_name)
    assert (database.writer_state.can_store, database.writer_state.failures) == (False, {"disk_full": 1})
    stored, refused = await asyncio.gather(database.write(touch), database.write(add_long_name), return_exceptions=True)
    assert (stored, type(refused)) == (None, DiskFull)
    assert (database.writer_state.can_store, database.writer_state.failures) == (True, {"disk_full": 2})
