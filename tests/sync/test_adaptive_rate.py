"""The pace of looks adapts to how busy the process is."""

import pytest

from dcvd.sync.adaptive_rate import AdaptiveRate


class _Machine:
    """A clock, and the processor time that the process uses of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.used = 0.0
        self.calls = 0

    def pass_time(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.used += seconds * busy


def _run(pace: AdaptiveRate, machine: _Machine, seconds: float, *, idle: float, cost: float) -> int:
    """Looks one after the other for so long, each of which costs processor time beside what is used anyway."""
    end, looks = machine.now + seconds, 0
    while machine.now < end:
        machine.pass_time(max(pace.reserve_turn(), cost), idle)
        machine.used += cost
        looks += 1
    return looks


@pytest.fixture
def machine() -> _Machine:
    return _Machine()


@pytest.fixture
def pace(machine: _Machine) -> AdaptiveRate:
    return AdaptiveRate(monotonic=lambda: machine.now, cpu_time=lambda: machine.used)


def test_looks_take_their_part_of_a_processor_however_much_each_costs(pace: AdaptiveRate, machine: _Machine) -> None:
    for cost in (0.001, 0.004, 0.0005):
        _run(pace, machine, 10, idle=0.0, cost=cost)
        used, began = machine.used, machine.now
        _run(pace, machine, 20, idle=0.0, cost=cost)
        assert 0.25 < (machine.used - used) / (machine.now - began) < 0.4


def test_looks_give_way_to_a_busy_api_but_never_stop(pace: AdaptiveRate, machine: _Machine) -> None:
    _run(pace, machine, 10, idle=0.0, cost=0.001)
    quick = pace.checks_per_second
    _run(pace, machine, 10, idle=0.9, cost=0.001)
    assert pace.checks_per_second < quick / 3
    assert _run(pace, machine, 10, idle=0.9, cost=0.001) >= 300


def test_looks_are_evenly_spaced(pace: AdaptiveRate, machine: _Machine) -> None:
    waits = []
    for _ in range(10):
        waits.append(pace.reserve_turn())
        machine.pass_time(waits[-1], 0.0)
    assert waits[0] == 0.0
    assert waits[1:] == pytest.approx([1 / 40] * 9, rel=0.5)


def test_a_pace_that_holds_nothing_up_does_not_grow(pace: AdaptiveRate, machine: _Machine) -> None:
    for _ in range(100):
        machine.pass_time(1.0, 0.0)
        assert pace.reserve_turn() == 0.0
    assert pace.checks_per_second == 40.0


def test_looks_give_way_when_somebody_else_has_the_machine(pace: AdaptiveRate, machine: _Machine) -> None:
    _run(pace, machine, 10, idle=0.0, cost=0.001)
    quick = pace.checks_per_second
    for _ in range(100):
        machine.pass_time(max(pace.reserve_turn(), 0.001) + 0.030, 0.0)
        pace.record_lag(0.030)
    assert pace.checks_per_second < quick / 3


def test_while_nobody_calls_looks_take_more_of_a_processor_and_give_way_as_soon_as_somebody_does(
    machine: _Machine,
) -> None:
    pace = AdaptiveRate(monotonic=lambda: machine.now, cpu_time=lambda: machine.used, count_calls=lambda: machine.calls)
    _run(pace, machine, 10, idle=0.0, cost=0.002)
    used, began = machine.used, machine.now
    _run(pace, machine, 20, idle=0.0, cost=0.002)
    assert 0.6 < (machine.used - used) / (machine.now - began) < 0.9
    for _ in range(20):
        machine.calls += 1
        _run(pace, machine, 0.5, idle=0.0, cost=0.002)
    used, began = machine.used, machine.now
    for _ in range(20):
        machine.calls += 1
        _run(pace, machine, 0.5, idle=0.0, cost=0.002)
    assert 0.25 < (machine.used - used) / (machine.now - began) < 0.4


def test_before_the_first_call_nobody_is_waited_for(machine: _Machine) -> None:
    pace = AdaptiveRate(monotonic=lambda: machine.now, cpu_time=lambda: machine.used, count_calls=lambda: machine.calls)
    _run(pace, machine, 1, idle=0.3, cost=0.002)
    assert pace.checks_per_second > 150
    machine.calls += 1
    _run(pace, machine, 1, idle=0.3, cost=0.002)
    assert pace.checks_per_second < 60


def test_a_pace_far_below_what_it_may_take_grows_within_a_second(pace: AdaptiveRate, machine: _Machine) -> None:
    _run(pace, machine, 1, idle=0.0, cost=0.0001)
    assert pace.checks_per_second > 250


@pytest.mark.parametrize("cost", [0.0005, 0.002, 0.004])
def test_a_pace_is_where_it_may_be_within_a_second_and_never_beyond(
    pace: AdaptiveRate, machine: _Machine, cost: float
) -> None:
    shares = []
    for _ in range(8):
        used, began = machine.used, machine.now
        _run(pace, machine, 0.25, idle=0.0, cost=cost)
        shares.append((machine.used - used) / (machine.now - began))
    assert min(shares[3:]) > 0.3
    assert max(shares) < 0.36
