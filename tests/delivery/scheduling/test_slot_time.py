"""Slots are shared by the time for which they are held."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.delivery.slot_time import MAX_LEAD_S, SlotTime, SlotTimeOrder
from tests.delivery.scheduling.simulation import Simulation
from tests.examples import examples

spans = st.tuples(st.floats(0, 100), st.floats(0.01, 40), st.booleans())


class _Waiting:
    """Somebody who waits."""

    def __init__(self) -> None:
        self.slot_time = SlotTime()


@examples(1)
@given(held=st.lists(spans, max_size=12), now=st.floats(150, 200))
def test_slot_time_is_the_sum_of_what_was_held_and_of_what_slow_ones_hold_and_never_shrinks(
    held: list[tuple[float, float, bool]], now: float
) -> None:
    slot_time = SlotTime()
    starts = [(start, "start", start, is_fast) for start, _, is_fast in held]
    ends = [(start + length, "finish", start, is_fast) for start, length, is_fast in held if length < 20]
    before = 0.0
    for instant, what, started, is_fast in sorted([*starts, *ends]):
        assert slot_time.read(instant) >= before - 1e-6
        if what == "start":
            slot_time.start(instant, is_fast=is_fast)
        else:
            slot_time.finish(started, instant, is_fast=is_fast)
        before = slot_time.read(instant)
    ended = sum(length for _, length, _ in held if length < 20)
    in_flight = sum(now - start for start, length, is_fast in held if length >= 20 and not is_fast)
    assert slot_time.read(now) == pytest.approx(ended + in_flight + len(held) * 0.001, abs=1e-6)


@examples(1)
@given(used=st.floats(0, 1000), floor=st.floats(0, 1000))
def test_who_joins_has_saved_up_nothing_and_is_behind_by_a_minute_of_slots_at_most(used: float, floor: float) -> None:
    slot_time = SlotTime()
    slot_time.start(0.0, is_fast=False)
    slot_time.finish(0.0, used, is_fast=False)
    slot_time.join(floor, used)
    assert floor - 1e-6 <= slot_time.read(used) <= floor + MAX_LEAD_S + 1e-6
    if floor <= used <= floor + MAX_LEAD_S:
        assert slot_time.read(used) == pytest.approx(used + 0.001)


@examples(1)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "take", "remove", "hold", "free", "wait"]), st.integers(0, 5)), max_size=60
    ),
    refused=st.sets(st.integers(0, 5), max_size=3),
)
def test_the_first_is_always_who_has_used_the_least_of_those_that_may_start(
    steps: list[tuple[str, int]], refused: set[int]
) -> None:
    everybody = [_Waiting() for _ in range(6)]
    starts: dict[int, list[float]] = {number: [] for number in range(6)}
    order = SlotTimeOrder[_Waiting]()
    waiting: dict[int, int] = {}
    arrivals = itertools.count()
    now = 0.0
    for step, number in steps:
        match step:
            case "add" if number not in waiting:
                order.add(f"{number}", everybody[number], now)
                waiting[number] = next(arrivals)
            case "remove" if number in waiting:
                order.remove(f"{number}")
                del waiting[number]
            case "hold":
                everybody[number].slot_time.start(now, is_fast=number % 2 == 0)
                starts[number].append(now)
            case "free" if starts[number]:
                everybody[number].slot_time.finish(starts[number].pop(), now, is_fast=number % 2 == 0)
            case "wait":
                now += number
            case "take":
                able = [everybody[each] for each in waiting if each not in refused]
                first = order.find_first(now, lambda key: int(key) not in refused)
                if not able:
                    assert first is None
                    continue
                assert first in able
                assert first.slot_time.read(now) == min(each.slot_time.read(now) for each in able)
                taken = everybody.index(first)
                order.remove(f"{taken}")
                del waiting[taken]
            case _:
                pass
        assert len(order) == len(waiting)
        assert all((order.get(f"{each}") is not None) is (each in waiting) for each in range(6))


@examples(0.3)
@given(slots=st.integers(2, 12), endpoints=st.integers(1, 40), was_fast=st.booleans(), took_s=st.floats(0.005, 0.9))
def test_an_organization_of_endpoints_that_hang_for_thirty_seconds_lets_another_wait_for_none_of_its_deliveries(
    slots: int, endpoints: int, was_fast: bool, took_s: float
) -> None:
    pool = Simulation(slots)
    other = pool.add("other", took_s)
    pool.owe(other)
    pool.run(1)
    for _ in range(endpoints):
        pool.owe(pool.add("hanging", 30.0, brisk=was_fast), 20)
    for _ in range(40):
        pool.owe(other)
        pool.run(7)
    # Also a new endpoint, of which nobody knows yet whether it answers.
    pool.owe(pool.add("other", took_s))
    assert pool.waited_s["other"] == [0.0] * 42


@pytest.mark.parametrize("slots", [4, 8, 16, 64])
@pytest.mark.parametrize("took_s", [1.5, 5.0])
def test_of_two_organizations_that_always_wait_each_holds_slots_for_as_long_as_the_other(
    slots: int, took_s: float
) -> None:
    pool = Simulation(slots)
    for _ in range(20):
        pool.owe(pool.add("slow", 29.0), 300)
        pool.owe(pool.add("other", took_s), 2000)
    pool.run(200)
    before = dict(pool.slot_seconds)
    pool.run(1200)
    slow, other = (pool.slot_seconds[org_id] - before[org_id] for org_id in ("slow", "other"))
    # A share of them differs by no more than what is in flight at both ends.
    assert 0.8 <= other / slow <= 1.25


def test_endpoints_of_one_organization_share_its_time_too() -> None:
    pool = Simulation(8)
    slow, other = pool.add("one", 0.9, brisk=True), pool.add("one", 0.03, brisk=True)
    third = pool.add("one", 0.9, brisk=True)
    for queue in (slow, third, other):
        pool.owe(queue, 20_000)
    pool.run(60)
    used = [queue.slot_time.read(pool.clock.now) for queue in (slow, third, other)]
    assert max(used) <= 1.2 * min(used)


def test_many_organizations_that_hang_delay_another_by_what_one_slot_takes_at_most() -> None:
    pool = Simulation(16)
    for number in range(12):
        for _ in range(10):
            pool.owe(pool.add(f"hanging{number}", 30.0), 50)
    pool.run(95)
    other = pool.add("other", 0.02)
    pool.owe(other)
    pool.run(40)
    assert pool.waited_s["other"][0] <= 30.0
    for _ in range(20):
        pool.owe(other)
        pool.run(3)
    assert max(pool.waited_s["other"][1:]) == 0.0


def test_who_was_idle_for_a_while_does_not_hold_up_the_others_afterwards() -> None:
    pool = Simulation(8)
    busy, idle = pool.add("busy", 0.05, brisk=True), pool.add("idle", 0.05, brisk=True)
    pool.owe(idle)
    pool.owe(busy, 20_000)
    pool.run(60)
    pool.owe(idle, 2_000)
    before = dict(pool.slot_seconds)
    pool.run(10)
    got = {org_id: pool.slot_seconds[org_id] - before[org_id] for org_id in before}
    assert got["busy"] == pytest.approx(got["idle"], rel=0.1)
