"""The readers are shared: claimants take turns, and none keeps the others from reading."""

import asyncio
import threading
from collections.abc import Callable

from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot
from tests.waiting import until


class HeldRead:
    """A read that lasts until it is released."""

    def __init__(self, database: Database, claimant: str) -> None:
        self._has_begun = threading.Event()
        self._may_end = threading.Event()
        self.task = asyncio.create_task(database.read(self._query, claimant=claimant))

    async def begun(self) -> None:
        await asyncio.to_thread(self._has_begun.wait, 10)

    def release(self) -> None:
        self._may_end.set()

    def _query(self, _: Snapshot) -> None:
        self._has_begun.set()
        self._may_end.wait(10)


def note(name: str, into: list[str]) -> Callable[[Snapshot], None]:
    return lambda _: into.append(name)


async def held(database: Database, claimant: str, count: int) -> list[HeldRead]:
    reads = [HeldRead(database, claimant) for _ in range(count)]
    for read in reads:
        await read.begun()
    return reads


async def end(reads: list[HeldRead]) -> None:
    for read in reads:
        read.release()
    async with asyncio.timeout(5):
        await asyncio.gather(*(read.task for read in reads), return_exceptions=True)


async def test_one_claimant_leaves_a_reader_to_the_others_and_to_dcvd_itself(database: Database) -> None:
    reads = await held(database, "greedy", 2)
    done: list[str] = []
    third = asyncio.create_task(database.read(note("greedy", done), claimant="greedy"))
    async with asyncio.timeout(5):
        await database.read(note("other", done), claimant="other")
        await database.read(note("dcvd", done))
    assert done == ["other", "dcvd"]
    await end(reads)
    async with asyncio.timeout(5):
        await third
    assert done == ["other", "dcvd", "greedy"]


async def test_however_many_reads_of_one_wait_another_is_next_but_one(database: Database) -> None:
    reads = [*await held(database, "greedy", 2), *await held(database, "patient", 1)]
    done: list[str] = []
    waiting = [asyncio.create_task(database.read(note("greedy", done), claimant="greedy")) for _ in range(20)]
    waiting.append(asyncio.create_task(database.read(note("other", done), claimant="other")))
    await asyncio.sleep(0)
    reads[2].release()
    async with asyncio.timeout(5):
        await waiting[-1]
    await end(reads)
    await asyncio.gather(*waiting)
    assert "other" in done[:2]


async def test_a_read_that_was_given_up_has_its_turn_until_its_thread_is_through(database: Database) -> None:
    reads = await held(database, "greedy", 2)
    for read in reads:
        read.task.cancel()
    await asyncio.wait([read.task for read in reads])
    done: list[str] = []
    third = asyncio.create_task(database.read(note("greedy", done), claimant="greedy"))
    async with asyncio.timeout(5):
        await database.read(note("other", done), claimant="other")
    assert done == ["other"]
    await end(reads)
    async with asyncio.timeout(5):
        await third


async def test_a_read_that_is_given_up_while_it_waits_takes_nobodys_turn(database: Database) -> None:
    reads = await held(database, "greedy", 2)
    waiting = [asyncio.create_task(database.read(note("greedy", []), claimant="greedy")) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    await end(reads)

    async def all_are_free() -> bool:
        again = await held(database, "greedy", 2)
        await end(again)
        return True

    await until(all_are_free)
