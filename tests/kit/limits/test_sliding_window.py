"""A window of time: never more calls than the limit in any of them, everybody gets a turn, and little is remembered."""

import asyncio
import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.limits.sliding_window import SlidingWindow, wait_for_turn
from tests.manual_clock import ManualMonotonic
from tests.remembered import Instants


@given(
    limit=st.integers(1, 12),
    memory_s=st.sampled_from([0.0, 30.0]),
    calls=st.lists(st.tuples(st.floats(0, 20), st.floats(0, 90), st.floats(0, 1)), max_size=60),
)
def test_no_window_of_the_servers_holds_more_calls_than_the_limit_whenever_it_counts_each(
    limit: int, memory_s: float, calls: list[tuple[float, float, float]]
) -> None:
    """Each call: the pause before it, how long it takes, and at which part of that the server counts it."""
    time = Instants()
    window = SlidingWindow(limit, 60.0, time, memory_s=memory_s)
    ends: list[float] = []
    all_ends: list[float] = []
    counted_at: list[float] = []

    def pass_time(until: float) -> None:
        while ends and ends[0] <= until:
            time.now = max(heapq.heappop(ends), time.now)
            window.end()
        time.now = until

    for pause, duration, part in calls:
        pass_time(time.now + pause)
        while (wait_s := window.get_wait_s()) > 0:
            pass_time(time.now + wait_s + 1e-9)
        window.begin()
        heapq.heappush(ends, time.now + duration)
        all_ends.append(time.now + duration)
        counted_at.append(time.now + duration * part)
        free = window.count_free(memory_s)
        assert free == max(limit - sum(end + 60.0 > time.now - memory_s for end in all_ends), 0)
        # An end is forgotten when neither a call nor `count_free` depends on it any more.
        assert time.remembered_count <= sum(time.now - memory_s - 60.0 < end <= time.now for end in all_ends)
        assert window.is_idle is False
    for instant in counted_at:
        assert sum(instant - 60.0 + 1e-6 < other <= instant for other in counted_at) <= limit


def test_calls_that_no_longer_count_take_no_memory() -> None:
    time = Instants()
    window = SlidingWindow(10, 1.0, time)
    for _ in range(1000):
        time.now += window.get_wait_s()
        window.take()
    assert time.remembered_count <= 10
    time.now += 1.0
    assert window.is_idle


class _CountedInstant(float):
    """Counts the additions to what the window was told, which it makes wherever it examines a call."""

    additions = 0

    def __add__(self, other: float) -> float:
        _CountedInstant.additions += 1
        return float(self) + other


@pytest.mark.parametrize("memory_s", [0.0, 60.0])
@pytest.mark.parametrize("per_second", [10, 500])
def test_what_a_question_costs_grows_neither_with_the_rate_nor_with_what_is_remembered(
    per_second: int, memory_s: float
) -> None:
    time = ManualMonotonic(0.0)
    window = SlidingWindow(per_second, 1.0, lambda: _CountedInstant(time.now), memory_s=memory_s)
    for number in range(per_second * 90):
        time.now = number / per_second
        window.take()
    _CountedInstant.additions = 0
    for _ in range(100):
        assert window.get_wait_s() > 0
        assert window.get_wait_s(spare=per_second // 2) > 0
        assert window.count_free() == 0
        assert window.count_free(2 / per_second) == 0
        assert not window.is_idle
    assert _CountedInstant.additions <= 100 * 5 * 4


@given(spare=st.integers(0, 5), taken=st.integers(0, 6))
def test_after_the_wait_a_call_leaves_as_many_as_it_has_to_spare(spare: int, taken: int) -> None:
    time = ManualMonotonic()
    window = SlidingWindow(6, 10.0, time)
    for _ in range(taken):
        time.now += 1.0
        window.take()
    wait_s = window.get_wait_s(spare)
    if wait_s > 0:
        time.now += wait_s - 0.5
        assert (window.count_free() or 0) < spare + 1
        time.now += 0.5
    assert (window.count_free() or 0) >= spare + 1


def test_a_busy_caller_uses_the_whole_window() -> None:
    time = ManualMonotonic()
    window = SlidingWindow(15, 60.0, time)
    began = time.now
    for _ in range(150):
        time.now += window.get_wait_s()
        window.take()
    assert time.now - began == pytest.approx(9 * 60.0)


def test_no_limit_never_waits() -> None:
    window = SlidingWindow(0, 60.0, ManualMonotonic())
    for _ in range(1000):
        assert window.get_wait_s() == 0
        window.take()


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_no_call_is_made_during_a_pause_and_a_shorter_one_does_not_end_it(limit: int) -> None:
    time = ManualMonotonic()
    window = SlidingWindow(limit, 10.0, time)
    window.take()
    assert [window.pause(30.0), window.pause(20.0), window.pause(31.0)] == [True, False, True]
    assert window.get_wait_s() == window.get_pause_s() == 31.0
    time.now += 30.0
    assert (window.get_wait_s(), window.is_idle) == (1.0, False)
    time.now += 1.0
    assert (window.get_wait_s(), window.get_pause_s(), window.is_idle) == (0.0, 0.0, True)


def test_a_pause_that_ends_before_the_window_has_room_makes_no_call_earlier() -> None:
    time = ManualMonotonic()
    window = SlidingWindow(1, 10.0, time)
    window.take()
    window.pause(3.0)
    assert window.get_wait_s() == 10.0


async def _call(window: SlidingWindow) -> None:
    async with window.reserve():
        pass


async def test_everybody_who_waits_gets_a_turn_in_order_of_arrival() -> None:
    window = SlidingWindow(2, 0.02, asyncio.get_running_loop().time)
    turns: list[int] = []

    async def call(number: int) -> None:
        async with window.reserve():
            turns.append(number)

    async with asyncio.timeout(10):
        await asyncio.gather(*(call(number) for number in range(9)))
    assert turns == list(range(9))


async def test_a_waiter_that_is_cut_off_leaves_its_turn_to_the_next() -> None:
    time = ManualMonotonic()
    window = SlidingWindow(1, 1000.0, time)
    window.take()
    first = asyncio.create_task(_call(window))
    second = asyncio.create_task(_call(window))
    await asyncio.sleep(0)
    time.now += 1000.0
    assert not window.is_idle
    first.cancel()
    async with asyncio.timeout(10):
        await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert window.count_free() == 0
    time.now += 1000.0
    assert (window.count_free(), window.is_idle) == (1, True)


async def test_a_call_that_breaks_off_has_ended_and_still_counts() -> None:
    time = ManualMonotonic()
    window = SlidingWindow(1, 10.0, time)
    with pytest.raises(ZeroDivisionError):
        async with window.reserve():
            raise ZeroDivisionError
    assert window.get_wait_s() == 10.0
    time.now += 10.0
    assert window.get_wait_s() == 0.0


async def test_a_wait_ends_early_when_what_it_waits_for_changes() -> None:
    waits = iter([3600.0, 0.0])
    async with asyncio.timeout(10):
        await wait_for_turn(lambda: next(waits))
