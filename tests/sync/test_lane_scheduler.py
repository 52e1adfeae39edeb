"""The lanes share the slots."""

from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.sync.lane_scheduler import LaneScheduler

_LANES = st.sets(st.sampled_from(CheckLane))


def _fill(turns: LaneScheduler, ready: set[CheckLane]) -> Counter[CheckLane]:
    """Give out every slot that can be given, and tell who got how many."""
    got: Counter[CheckLane] = Counter()
    while (lane := turns.choose(ready)) is not None:
        turns.start(lane)
        got[lane] += 1
    return got


def test_lanes_that_all_have_enough_to_do_share_the_slots_in_proportion() -> None:
    got = _fill(LaneScheduler(32), set(CheckLane))
    assert got.total() == 32
    assert got[CheckLane.WAITING] > got[CheckLane.ROUTINE] > got[CheckLane.FAILING] > 0
    assert got[CheckLane.FAILING] <= 8


def test_unused_shares_are_lent_but_some_slots_stay_free_for_whoever_waits() -> None:
    assert _fill(LaneScheduler(32), {CheckLane.WAITING}) == {CheckLane.WAITING: 32}
    turns = LaneScheduler(32)
    assert _fill(turns, {CheckLane.ROUTINE}) == {CheckLane.ROUTINE: 28}
    assert _fill(turns, {CheckLane.WAITING}) == {CheckLane.WAITING: 4}


def test_failing_domains_never_get_more_than_a_quarter() -> None:
    turns = LaneScheduler(32)
    assert _fill(turns, {CheckLane.FAILING}) == {CheckLane.FAILING: 8}
    assert _fill(turns, {CheckLane.ROUTINE}) == {CheckLane.ROUTINE: 20}


def test_a_single_slot_goes_round() -> None:
    turns = LaneScheduler(1)
    served: list[CheckLane] = []
    for _ in range(70):
        lane = turns.choose(set(CheckLane))
        assert lane is not None
        turns.start(lane)
        served.append(lane)
        turns.finish(lane)
    counts = Counter(served)
    assert counts[CheckLane.WAITING] == 40
    assert counts[CheckLane.ROUTINE] == 20
    assert counts[CheckLane.FAILING] == 10


def test_a_lane_that_was_idle_has_not_saved_up_turns() -> None:
    turns = LaneScheduler(1)
    for _ in range(1000):
        turns.start(CheckLane.ROUTINE)
        turns.finish(CheckLane.ROUTINE)
    first: list[CheckLane] = []
    for _ in range(14):
        lane = turns.choose({CheckLane.WAITING, CheckLane.ROUTINE})
        assert lane is not None
        first.append(lane)
        turns.start(lane)
        turns.finish(lane)
    assert first.count(CheckLane.ROUTINE) >= 3


@given(slots=st.integers(1, 40), steps=st.lists(st.tuples(_LANES, st.booleans()), max_size=120))
def test_whatever_comes_and_goes_the_shares_hold(slots: int, steps: list[tuple[set[CheckLane], bool]]) -> None:
    turns = LaneScheduler(slots)
    running: deque[CheckLane] = deque()
    for ready, ends in steps:
        lane = turns.choose(ready)
        if lane is not None:
            assert lane in ready
            turns.start(lane)
            running.append(lane)
        if ends and running:
            turns.finish(running.popleft())
        held = Counter(running)
        assert turns.free_slots == slots - len(running) >= 0
        assert held[CheckLane.FAILING] <= max(slots // 4, 1)
        assert held[CheckLane.ROUTINE] + held[CheckLane.FAILING] <= slots - slots // 8
        if turns.free_slots:
            assert turns.choose({CheckLane.WAITING}) is CheckLane.WAITING
