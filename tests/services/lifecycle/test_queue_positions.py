"""Positions that are asked for one by one are found together, each as of a moment after it was asked for."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.domain import Domain
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.store.engine.caller_database import CallerDatabase
from dcvd.store.engine.transactions import Snapshot, Transaction
from tests.statements import Statement, noted_statements
from tests.sync.fleet import fleet

T = TypeVar("T")


class Counting(CallerDatabase):
    """Counts the reads; each waits until it is let go on, and fails where a test says so."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.database, check=None, claimant=None)
        self.count = 0
        self.go_on = asyncio.Event()
        self.error: StoreError | None = None

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        self.count += 1
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return await super().read(query, claimant=claimant)


@pytest.fixture
def reads(context: Context) -> Counting:
    reads = Counting(context)
    context.database = reads
    reads.go_on.set()
    return reads


async def test_those_that_are_asked_for_during_a_read_share_the_next(
    context: Context, org: str, reads: Counting
) -> None:
    added = [await additions.add(context, org, f"a{number}.customer.com") for number in range(20)]
    positions = QueuePositions(context)
    reads.count = 0
    reads.go_on.clear()
    first = asyncio.create_task(positions.find(added[0]))
    while not reads.count:
        await asyncio.sleep(0)
    others = [asyncio.create_task(positions.find(domain)) for domain in added[1:]]
    await asyncio.sleep(0)
    reads.go_on.set()
    found = await asyncio.gather(first, *others)
    assert reads.count == 2
    expected = await registration_queue.find_positions(context, added)
    assert found == [expected[domain.id] for domain in added]


async def test_who_leaves_and_a_read_that_fails_harm_nobody_else(context: Context, org: str, reads: Counting) -> None:
    one, other = [await additions.add(context, org, f"a{number}.customer.com") for number in range(2)]
    positions = QueuePositions(context)
    reads.go_on.clear()
    leaving = asyncio.create_task(positions.find(one))
    staying = asyncio.create_task(positions.find(other))
    await asyncio.sleep(0)
    leaving.cancel()
    reads.go_on.set()
    assert (await staying) is not None
    reads.error = StoreError("no")
    with pytest.raises(StoreError):
        await positions.find(one)
    reads.error = None
    assert (await positions.find(one)) is not None


async def test_a_read_that_fails_when_all_have_left_is_nobodys_failure(
    context: Context, org: str, reads: Counting
) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
    domain = await additions.add(context, org, "a.customer.com")
    positions = QueuePositions(context)
    reads.count, reads.error = 0, StoreError("no")
    reads.go_on.clear()
    leaving = asyncio.create_task(positions.find(domain))
    while not reads.count:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    reads.go_on.set()
    while any(task.get_name() == "queue_positions.read" for task in asyncio.all_tasks()):
        await asyncio.sleep(0)
    reads.error = None
    del leaving
    gc.collect()
    assert failures == []


async def test_what_has_no_position_is_not_asked_for(context: Context, org: str, reads: Counting) -> None:
    (registered,) = await fleet(context, org, 1)
    reads.count = 0
    assert await QueuePositions(context).find(registered) is None
    assert reads.count == 0


async def test_a_queue_of_thousands_is_counted_from_its_beginning_once_a_second(context: Context, org: str) -> None:
    await add_many(context, org, 1_200)
    last = await additions.add(context, org, "last.customer.com")
    expected = await registration_queue.find_positions(context, [last])
    time = 0.0
    positions = QueuePositions(context, monotonic=lambda: time)
    with noted_statements() as noted:
        assert await positions.find(last) == expected[last.id]
        time = 0.9
        assert await positions.find(last) == expected[last.id]
        assert counts_from_the_beginning(noted) == 1
        more = await positions.find(await additions.add(context, org, "more.customer.com"))
        assert counts_from_the_beginning(noted) == 1
        assert more is not None
        assert more.position == 1_202
        time = 1.0
        await positions.find(last)
        assert counts_from_the_beginning(noted) == 2


async def test_a_short_queue_is_counted_each_time(context: Context, org: str) -> None:
    domains = await add_many(context, org, 20)
    positions = QueuePositions(context, monotonic=lambda: 0.0)
    places = []
    for removed in domains[:3]:
        place = await positions.find(domains[-1])
        assert place is not None
        places.append(place.position)
        await removals.remove(context, org, removed.id)
    assert places == [20, 19, 18]


async def add_many(context: Context, org: str, count: int) -> list[Domain]:
    """Domains that wait for their registration, in their order."""
    candidates = [ValidatedDomain(name=f"a{number}.customer.com") for number in range(count)]

    def unit(tx: Transaction) -> list[Domain]:
        results = additions.evaluate(context, tx, org, candidates)
        domains = [result.domain for result in results if result.domain is not None]
        additions.store(context, tx, org, domains, actor="somebody")
        return domains

    return await context.database.write(unit)


def counts_from_the_beginning(noted: list[Statement]) -> int:
    is_count = [sql.startswith("SELECT count(*) FROM (SELECT 1 FROM jobs") for sql, _ in noted]
    return [tuple(rows[0])[1:3] for (_, rows), counts in zip(noted, is_count, strict=True) if counts].count((0, ""))
