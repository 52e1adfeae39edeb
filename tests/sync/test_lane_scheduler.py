"""The lanes share the slots."""

from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.lifecycle.schedule import Lane
from dcvd.sync.lane_scheduler import Turns

_LANES = st.sets(st.sampled_from(Lane))


def _fill(turns: Turns, ready: set[Lane]) -> Counter[Lane]:
    """Give out every slot that can be given, and tell who got how many."""
    got: Counter[Lane] = Counter()
    while (lane := turns.next(ready)) is not None:
        turns.take(lane)
        got[lane] += 1
    return got


def test_lanes_that_all_have_enough_to_do_share_the_slots_in_proportion() -> None:
    got = _fill(Turns(32), set(Lane))
    assert got.total() == 32
    assert got[Lane.WAITING] > got[Lane.ROUTINE] > got[Lane.FAILING] > 0
    assert got[Lane.FAILING] <= 8


def test_unused_shares_are_lent_but_some_slots_stay_free_for_whoever_waits() -> None:
    assert _fill(Turns(32), {Lane.WAITING}) == {Lane.WAITING: 32}
    turns = Turns(32)
    assert _fill(turns, {Lane.ROUTINE}) == {Lane.ROUTINE: 28}
    assert _fill(turns, {Lane.WAITING}) == {Lane.WAITING: 4}


def test_failing_domains_never_get_more_than_a_quarter() -> None:
    turns = Turns(32)
    assert _fill(turns, {Lane.FAILING}) == {Lane.FAILING: 8}
    assert _fill(turns, {Lane.ROUTINE}) == {Lane.ROUTINE: 20}


def test_a_single_slot_goes_round() -> None:
    turns = Turns(1)
    served: list[Lane] = []
    for _ in range(70):
        lane = turns.next(set(Lane))
        assert lane is not None
        turns.take(lane)
        served.append(lane)
        turns.give_back(lane)
    counts = Counter(served)
    assert counts[Lane.WAITING] == 40
    assert counts[Lane.ROUTINE] == 20
    assert counts[Lane.FAILING] == 10


def test_a_lane_that_was_idle_has_not_saved_up_turns() -> None:
    turns = Turns(1)
    for _ in range(1000):
        turns.take(Lane.ROUTINE)
        turns.give_back(Lane.ROUTINE)
    first: list[Lane] = []
    for _ in range(14):
        lane = turns.next({Lane.WAITING, Lane.ROUTINE})
        assert lane is not None
        first.append(lane)
        turns.take(lane)
        turns.give_back(lane)
    assert first.count(Lane.ROUTINE) >= 3


@given(slots=st.integers(1, 40), steps=st.lists(st.tuples(_LANES, st.booleans()), max_size=120))
def test_whatever_comes_and_goes_the_shares_hold(slots: int, steps: list[tuple[set[Lane], bool]]) -> None:
    turns = Turns(slots)
    running: deque[Lane] = deque()
    for ready, ends in steps:
        lane = turns.next(ready)
        if lane is not None:
            assert lane in ready
            turns.take(lane)
            running.append(lane)
        if ends and running:
            turns.give_back(running.popleft())
        held = Counter(running)
        assert turns.free == slots - len(running) >= 0
        assert held[Lane.FAILING] <= max(slots // 4, 1)
        assert held[Lane.ROUTINE] + held[Lane.FAILING] <= slots - slots // 8
        if turns.free:
            assert turns.next({Lane.WAITING}) is Lane.WAITING
