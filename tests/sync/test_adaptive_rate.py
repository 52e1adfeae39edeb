"""The pace of looks adapts to how busy the process is."""

import pytest

from dcvd.sync.adaptive_rate import Pace


class _Machine:
    """A clock, and the processor time that the process uses of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.used = 0.0

    def pass_time(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.used += seconds * busy


def _run(pace: Pace, machine: _Machine, seconds: float, *, idle: float, cost: float) -> int:
    """Looks one after the other for so long, each of which costs processor time beside what is used anyway."""
    end, looks = machine.now + seconds, 0
    while machine.now < end:
        machine.pass_time(max(pace.wait(), cost), idle)
        machine.used += cost
        looks += 1
    return looks


@pytest.fixture
def machine() -> _Machine:
    return _Machine()


@pytest.fixture
def pace(machine: _Machine) -> Pace:
    return Pace(clock=lambda: machine.now, cpu=lambda: machine.used)


def test_looks_take_their_part_of_a_processor_however_much_each_costs(pace: Pace, machine: _Machine) -> None:
    for cost in (0.001, 0.004, 0.0005):
        _run(pace, machine, 10, idle=0.0, cost=cost)
        used, began = machine.used, machine.now
        _run(pace, machine, 20, idle=0.0, cost=cost)
        assert 0.25 < (machine.used - used) / (machine.now - began) < 0.4


def test_looks_give_way_to_a_busy_api_but_never_stop(pace: Pace, machine: _Machine) -> None:
    _run(pace, machine, 10, idle=0.0, cost=0.001)
    quick = pace.rate
    _run(pace, machine, 10, idle=0.9, cost=0.001)
    assert pace.rate < quick / 3
    assert _run(pace, machine, 10, idle=0.9, cost=0.001) >= 300


def test_looks_are_evenly_spaced(pace: Pace, machine: _Machine) -> None:
    waits = []
    for _ in range(10):
        waits.append(pace.wait())
        machine.pass_time(waits[-1], 0.0)
    assert waits[0] == 0.0
    assert waits[1:] == pytest.approx([1 / 40] * 9, rel=0.5)


def test_a_pace_that_holds_nothing_up_does_not_grow(pace: Pace, machine: _Machine) -> None:
    for _ in range(100):
        machine.pass_time(1.0, 0.0)
        assert pace.wait() == 0.0
    assert pace.rate == 40.0


def test_looks_give_way_when_somebody_else_has_the_machine(pace: Pace, machine: _Machine) -> None:
    _run(pace, machine, 10, idle=0.0, cost=0.001)
    quick = pace.rate
    for _ in range(100):
        machine.pass_time(max(pace.wait(), 0.001) + 0.030, 0.0)
        pace.began(0.030)
    assert pace.rate < quick / 3
