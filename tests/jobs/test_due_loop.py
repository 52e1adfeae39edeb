"""The loop that takes what is due."""

import asyncio
from collections.abc import Collection, Sequence

from dcvd.jobs.due_loop import DueLoop
from dcvd.kit.tasks import TaskPool


class _Shelf:
    """Items that are due until they are done; the work on `broken` ones fails, and they are not due again."""

    def __init__(self, items: Sequence[str], *, broken: Collection[str] = ()) -> None:
        self.due = list(items)
        self.done: list[str] = []
        self.fetches = 0
        self.most = 0
        self.running: set[str] = set()
        self.finished = asyncio.Event()
        self.broken = broken
        self.total = len(items) - len(broken)

    async def fetch(self, limit: int, in_flight: Collection[str]) -> list[str]:
        self.fetches += 1
        return [item for item in self.due if item not in in_flight][:limit]

    async def work(self, item: str) -> None:
        assert item not in self.running, "the same item twice at once"
        self.running.add(item)
        self.most = max(self.most, len(self.running))
        await asyncio.sleep(0)
        self.running.discard(item)
        self.due.remove(item)
        if item in self.broken:
            raise RuntimeError("no")
        self.done.append(item)
        if len(self.done) == self.total:
            self.finished.set()

    def idle(self) -> float:
        return 60.0

    def loop(self, pool: TaskPool, woken: asyncio.Event) -> DueLoop[str]:
        return DueLoop(pool, fetch=self.fetch, get_id=str, work=self.work, get_idle_s=self.idle, wake_event=woken)


async def _run(shelf: _Shelf, loop: DueLoop[str], pool: TaskPool) -> None:
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        await shelf.finished.wait()
    task.cancel()
    await asyncio.wait([task])
    await pool.drain(1)


async def test_everything_due_is_worked_on_once_and_in_order_of_waiting() -> None:
    shelf = _Shelf([f"i{number}" for number in range(100)])
    pool = TaskPool(3, "test")
    await _run(shelf, shelf.loop(pool, asyncio.Event()), pool)
    assert sorted(shelf.done) == sorted(f"i{number}" for number in range(100))
    assert shelf.done[0] == "i0"
    assert shelf.most == 3


async def test_what_ends_while_the_due_items_are_read_is_not_taken_from_that_older_state() -> None:
    shelf = _Shelf(["a"])
    pool = TaskPool(2, "test")
    is_read = asyncio.Event()
    started: list[str] = []

    async def fetch_slowly(limit: int, in_flight: Collection[str]) -> list[str]:
        if not shelf.running:
            return await shelf.fetch(limit, in_flight)
        due_when_read = list(shelf.due)
        is_read.set()
        while pool.running_count:
            await asyncio.sleep(0)
        return [item for item in due_when_read if item not in in_flight]

    async def work_until_read(item: str) -> None:
        started.append(item)
        shelf.running.add(item)
        await is_read.wait()
        shelf.running.discard(item)
        await shelf.work(item)

    def soon() -> float:
        return 0.0

    loop = DueLoop(
        pool, fetch=fetch_slowly, get_id=str, work=work_until_read, get_idle_s=soon, wake_event=asyncio.Event()
    )
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        while shelf.fetches < 2:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await pool.drain(1)
    assert started == ["a"]


async def test_what_becomes_due_later_is_taken_when_somebody_says_so() -> None:
    shelf = _Shelf(["late"])
    shelf.due.clear()
    woken = asyncio.Event()
    pool = TaskPool(1, "test")
    task = asyncio.create_task(shelf.loop(pool, woken).run())
    while shelf.fetches == 0:
        await asyncio.sleep(0)
    shelf.due.append("late")
    woken.set()
    async with asyncio.timeout(10):
        await shelf.finished.wait()
    task.cancel()
    await asyncio.wait([task])
    await pool.drain(1)


async def test_work_that_fails_leaves_the_loop_and_the_others_going() -> None:
    shelf = _Shelf(["bad", "good"], broken=["bad"])
    pool = TaskPool(1, "test")
    await _run(shelf, shelf.loop(pool, asyncio.Event()), pool)
    assert shelf.done == ["good"]
    assert pool.failure_count == 1


async def test_an_item_whose_work_broke_rests_before_it_is_taken_again() -> None:
    tries: list[float] = []
    second = asyncio.Event()
    clock = asyncio.get_running_loop()

    async def fetch(limit: int, in_flight: Collection[str]) -> list[str]:
        return [] if "bad" in in_flight else ["bad"]

    async def work(item: str) -> None:
        tries.append(clock.time())
        if len(tries) == 2:
            second.set()
            await asyncio.Event().wait()
        raise RuntimeError("no")

    def idle() -> float:
        return 0.005

    pool = TaskPool(2, "test")
    loop = DueLoop(
        pool, fetch=fetch, get_id=str, work=work, get_idle_s=idle, wake_event=asyncio.Event(), cool_down_s=0.2
    )
    task = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        await second.wait()
    task.cancel()
    await asyncio.wait([task])
    await pool.drain(0)
    assert tries[1] - tries[0] >= 0.19
