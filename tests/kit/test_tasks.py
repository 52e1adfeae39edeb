"""Supervised tasks and bounded pools."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from dcvd.kit.tasks import DetachedTasks, Supervisor, TaskPool, run_to_end

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as captured:
        yield captured


async def forever() -> None:
    await asyncio.Event().wait()


async def fail(message: str) -> None:
    raise RuntimeError(message)


async def nothing() -> None:
    return


async def deaf(release: asyncio.Event) -> None:
    """Ignores cancellation until it is released."""
    while not release.is_set():
        try:
            await release.wait()
        except asyncio.CancelledError:
            continue


def events(lines: Lines) -> list[str]:
    return [line["event"] for line in lines]


class TestSupervisor:
    async def test_the_first_failure_is_told_with_its_name_and_exception(self, lines: Lines) -> None:
        supervisor = Supervisor()
        supervisor.spawn("steady", forever())
        supervisor.spawn("broken", fail("no disk"))
        async with asyncio.timeout(10):
            end = await supervisor.wait_first_end()
        assert end.name == "broken"
        assert str(end.exception) == "no disk"
        assert supervisor.task_names == ("steady",)
        await supervisor.stop(timeout_s=1)
        assert [line["task"] for line in lines if line["event"] == "task.failed"] == ["broken"]

    async def test_an_eternal_task_that_returns_is_a_failure_too(self, lines: Lines) -> None:
        supervisor = Supervisor()
        supervisor.spawn("timer", nothing())
        async with asyncio.timeout(10):
            assert await supervisor.wait_first_end() == ("timer", None)
        assert events(lines) == ["task.returned"]

    async def test_a_later_failure_is_logged_and_does_not_replace_the_first(self, lines: Lines) -> None:
        supervisor = Supervisor()
        supervisor.spawn("one", fail("first"))
        supervisor.spawn("two", fail("second"))
        async with asyncio.timeout(10):
            await supervisor.wait_first_end()
            await asyncio.sleep(0)
            assert (await supervisor.wait_first_end()).name == "one"
        assert [line["task"] for line in lines] == ["one", "two"]

    async def test_a_task_that_somebody_else_cancels_has_ended_unexpectedly(self, lines: Lines) -> None:
        supervisor = Supervisor()
        supervisor.spawn("timer", forever()).cancel()
        async with asyncio.timeout(10):
            end = await supervisor.wait_first_end()
        assert isinstance(end.exception, asyncio.CancelledError)

    async def test_stopping_by_name_leaves_the_others_and_is_no_unexpected_end(self) -> None:
        supervisor = Supervisor()
        stopped = supervisor.spawn("sync", forever())
        kept = supervisor.spawn("api", forever())
        await supervisor.stop("sync", timeout_s=1)
        assert stopped.cancelled()
        assert not kept.done()
        waiting = asyncio.create_task(supervisor.wait_first_end())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done
        waiting.cancel()
        await supervisor.stop(timeout_s=1)
        assert kept.cancelled()
        assert supervisor.task_names == ()

    async def test_a_task_that_fails_while_it_is_stopped_is_logged_and_hides_nothing(self, lines: Lines) -> None:
        async def fails_at_the_end() -> None:
            try:
                await forever()
            finally:
                raise RuntimeError("flush failed")

        supervisor = Supervisor()
        supervisor.spawn("writer", fails_at_the_end())
        await asyncio.sleep(0)
        await supervisor.stop(timeout_s=1)
        (line,) = [line for line in lines if line["event"] == "task.failed_while_stopping"]
        assert line["task"] == "writer"
        assert str(line["exc_info"]) == "flush failed"

    async def test_a_task_that_ignores_its_cancellation_is_named_after_the_deadline(self, lines: Lines) -> None:
        release = asyncio.Event()
        supervisor = Supervisor()
        task = supervisor.spawn("deaf", deaf(release))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await supervisor.stop(timeout_s=0.05)
        (line,) = [line for line in lines if line["event"] == "task.stuck"]
        assert line["task"] == "deaf"
        assert line["at"].startswith("deaf:")
        release.set()
        await task

    async def test_a_name_is_unique_while_its_task_runs(self) -> None:
        supervisor = Supervisor()
        supervisor.spawn("sync", forever())
        with pytest.raises(ValueError, match="'sync' is already running"):
            supervisor.spawn("sync", forever())
        await supervisor.stop("sync", timeout_s=1)
        supervisor.spawn("sync", forever())
        await supervisor.stop(timeout_s=1)

    async def test_stopping_nothing_returns_at_once(self) -> None:
        await Supervisor().stop(timeout_s=10)
        await Supervisor().stop("unknown", timeout_s=10)


class TestPool:
    async def test_no_more_than_the_limit_run_at_once(self) -> None:
        pool = TaskPool(2, "delivery")
        release = asyncio.Event()
        running = peak = 0

        async def work() -> None:
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            await release.wait()
            running -= 1

        async def produce() -> None:
            for number in range(6):
                await pool.wait_free()
                pool.start(f"delivery {number}", work())

        producer = asyncio.create_task(produce())
        while running < 2:
            await asyncio.sleep(0)
        assert pool.running_count == 2
        assert pool.free_slots == 0
        with pytest.raises(RuntimeError, match="no free slot for 'one too many'"):
            pool.start("one too many", work())
        release.set()
        async with asyncio.timeout(10):
            await producer
            assert await pool.drain(1) == 0
        assert peak == 2
        assert pool.running_count == 0

    async def test_a_failure_is_logged_with_its_name_and_counted_and_stops_no_other(self, lines: Lines) -> None:
        pool = TaskPool(3, "delivery")
        finished = asyncio.Event()

        async def good() -> None:
            await asyncio.sleep(0.01)
            finished.set()

        pool.start("good", good())
        pool.start("bad", fail("boom"))
        pool.start("worse", fail("bang"))
        assert await pool.drain(1) == 0
        assert finished.is_set()
        assert pool.failure_count == 2
        assert [(line["event"], line["task"]) for line in lines] == [
            ("pool.task_failed", "bad"),
            ("pool.task_failed", "worse"),
        ]

    async def test_draining_waits_for_the_running_then_cancels_the_late_and_counts_them(self, lines: Lines) -> None:
        pool = TaskPool(3, "delivery")
        stored: list[str] = []

        async def late() -> None:
            try:
                await forever()
            finally:
                stored.append("outcome")

        async def quick() -> None:
            await asyncio.sleep(0.01)

        first = pool.start("quick", quick())
        pool.start("late", late())
        pool.start("later", late())
        assert await pool.drain(0.1) == 2
        assert not first.cancelled()
        assert stored == ["outcome", "outcome"]
        assert {
            "event": "pool.cancelling",
            "pool": "delivery",
            "tasks": ["late", "later"],
            "log_level": "warning",
        } in lines

    async def test_a_task_that_ignores_its_cancellation_is_named_and_holds_up_no_stop(self, lines: Lines) -> None:
        release = asyncio.Event()
        pool = TaskPool(2, "delivery", cancel_grace_s=0.05)
        stuck = pool.start("stuck", deaf(release))
        pool.start("late", forever())
        async with asyncio.timeout(1):
            assert await pool.drain(0.05) == 2
        (line,) = [line for line in lines if line["event"] == "pool.task_stuck"]
        assert (line["pool"], line["task"]) == ("delivery", "stuck")
        assert line["at"].startswith("deaf:")
        release.set()
        await stuck

    async def test_a_drained_pool_takes_nothing_more(self) -> None:
        pool = TaskPool(1, "delivery")
        await pool.drain(0)
        assert pool.free_slots == 0
        with pytest.raises(RuntimeError):
            pool.start("late", nothing())

    async def test_every_waiter_is_woken_while_slots_come_free(self) -> None:
        pool = TaskPool(1, "delivery")
        release = asyncio.Event()

        async def hold() -> None:
            await release.wait()

        async def take(name: str) -> None:
            await pool.wait_free()
            pool.start(name, nothing())

        pool.start("holder", hold())
        waiters = [asyncio.create_task(take(f"waiter {number}")) for number in range(3)]
        await asyncio.sleep(0)
        release.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*waiters)
            await pool.drain(1)

    def test_a_pool_without_slots_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            TaskPool(0, "delivery")


async def test_a_task_whose_end_was_asked_for_is_no_failure() -> None:
    supervisor = Supervisor()
    leave = asyncio.Event()

    async def until_asked() -> None:
        await leave.wait()

    task = supervisor.spawn("api", until_asked())
    supervisor.expect_end("api")
    leave.set()
    await task
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await supervisor.wait_first_end()


class TestDetachedTasks:
    async def test_a_task_goes_on_when_its_caller_has_left_and_one_of_its_name_is_joined(self) -> None:
        tasks, started, release = DetachedTasks(), asyncio.Event(), asyncio.Event()

        async def work() -> str:
            assert not started.is_set(), "it runs once"
            started.set()
            await release.wait()
            return "done"

        first = asyncio.create_task(tasks.run("work", work))
        await started.wait()
        second = asyncio.create_task(tasks.run("work", work))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        release.set()
        assert await second == "done"
        assert tasks.list_names("") == []

    async def test_a_drain_waits_also_for_what_starts_meanwhile(self) -> None:
        tasks, release, ended = DetachedTasks(), asyncio.Event(), []

        async def second() -> None:
            await release.wait()
            ended.append("second")

        async def first() -> None:
            await release.wait()
            release.clear()
            later.append(asyncio.create_task(tasks.run("second", second)))
            await asyncio.sleep(0)
            ended.append("first")
            asyncio.get_running_loop().call_soon(release.set)

        later: list[asyncio.Task[None]] = []
        later.append(asyncio.create_task(tasks.run("first", first)))
        await asyncio.sleep(0)
        release.set()
        assert await tasks.drain(10) == 0
        assert ended == ["first", "second"]
        await asyncio.gather(*later)

    async def test_what_does_not_end_in_time_is_cut_off_and_told_and_nothing_starts_after_the_close(
        self, lines: Lines
    ) -> None:
        tasks = DetachedTasks()
        caller = asyncio.create_task(tasks.run("slow", forever))
        await asyncio.sleep(0)
        assert await tasks.drain(0.01) == 1
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert [line["task"] for line in lines if line["event"] == "task.cut_off"] == ["slow"]
        await tasks.close()
        with pytest.raises(RuntimeError, match="late cannot start"):
            await tasks.run("late", forever)

    async def test_a_task_that_does_not_even_end_when_it_is_cancelled_is_told(self, lines: Lines) -> None:
        tasks, release = DetachedTasks(cancel_grace_s=0.01), asyncio.Event()
        caller = asyncio.create_task(tasks.run("deaf", lambda: deaf(release)))
        await asyncio.sleep(0.01)
        assert await tasks.drain(0) == 1
        assert [line["task"] for line in lines if line["event"] == "task.stuck"] == ["deaf"]
        release.set()
        await caller

    async def test_a_failure_that_is_no_answer_is_logged_although_nobody_waits_for_it(self, lines: Lines) -> None:
        tasks = DetachedTasks()
        with pytest.raises(RuntimeError, match="no disk"):
            await tasks.run("broken", lambda: fail("no disk"))
        assert [line["task"] for line in lines if line["event"] == "task.failed"] == ["broken"]


async def test_what_is_run_to_its_end_ends_before_its_caller_does_however_often_that_is_cancelled() -> None:
    started, release, ended = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        started.set()
        await release.wait()
        ended.append(True)

    caller = asyncio.create_task(run_to_end("work", work()))
    await started.wait()
    for _ in range(3):
        caller.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not caller.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended == [True]


async def test_cancelled_tasks_of_a_pool_get_as_much_grace_as_its_owner_has() -> None:
    pool, release = TaskPool(1, "work", cancel_grace_s=0), asyncio.Event()

    async def put_back() -> None:
        try:
            await forever()
        finally:
            await release.wait()

    task = pool.start("putting back", put_back())
    await asyncio.sleep(0)
    draining = asyncio.create_task(pool.drain(0, cancel_grace_s=60))
    while not task.cancelling():
        await asyncio.sleep(0)
    assert not draining.done()
    release.set()
    assert await draining == 1
    assert task.done()
