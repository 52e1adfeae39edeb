"""The clock that a daemon goes by, with a machine's clock and a monotonic one that tests move."""

import pytest

from dcvd.core.clock_discipline import ClockStep, RememberedTime
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.kit.disciplined_clock import DisciplinedClock

NOW = 1_800_000_000_000


class Machine:
    """A machine whose clock may step."""

    def __init__(self) -> None:
        self.wall_ms = NOW
        self.monotonic_ms = 7_000
        self.clock = DisciplinedClock(
            get_wall_ns=lambda: self.wall_ms * 1_000_000, get_monotonic_ns=lambda: self.monotonic_ms * 1_000_000
        )

    def pass_time(self, milliseconds: int) -> None:
        self.wall_ms += milliseconds
        self.monotonic_ms += milliseconds

    def step(self, milliseconds: int) -> None:
        self.wall_ms += milliseconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_is_the_machines_clock_where_nothing_steps(machine: Machine) -> None:
    machine.pass_time(MINUTE)
    assert machine.clock.now() == NOW + MINUTE
    assert machine.clock.confirmed_now() is None
    machine.clock.hear_date(NOW + MINUTE)
    assert machine.clock.confirmed_now() == NOW + MINUTE
    machine.pass_time(DAY)
    assert machine.clock.confirmed_now() == NOW + MINUTE + DAY
    assert machine.clock.take_steps() == []
    assert machine.clock.report().ahead_ms == 0


@pytest.mark.parametrize("step_ms", [100 * DAY, -30 * HOUR])
def test_a_step_after_a_date_changes_nothing_and_is_reported(machine: Machine, step_ms: int) -> None:
    machine.clock.hear_date(NOW)
    changed = machine.clock.listen()
    machine.step(step_ms)
    machine.pass_time(SECOND)
    machine.clock.look()
    assert machine.clock.now() == NOW + SECOND
    assert machine.clock.report().ahead_ms == step_ms
    assert machine.clock.report().is_wrong
    assert changed.is_set()
    assert machine.clock.take_steps() == []
    changed.clear()
    machine.step(-step_ms)
    machine.clock.look()
    assert not machine.clock.report().is_in_doubt
    assert changed.is_set()


def test_a_step_that_a_date_confirms_is_taken_with_its_length(machine: Machine) -> None:
    machine.clock.hear_date(NOW)
    machine.step(-30 * HOUR)
    machine.clock.look()
    changed = machine.clock.listen()
    machine.clock.hear_date(NOW - 30 * HOUR)
    assert changed.is_set()
    assert machine.clock.take_steps() == [ClockStep(NOW, NOW - 30 * HOUR)]
    assert machine.clock.take_steps() == []
    assert machine.clock.now() == NOW - 30 * HOUR


def test_before_anything_is_confirmed_each_step_is_taken(machine: Machine) -> None:
    machine.step(-DAY)
    assert machine.clock.now() == NOW - DAY
    machine.clock.look()
    assert machine.clock.take_steps() == [ClockStep(NOW, NOW - DAY)]


def test_after_a_start_it_is_never_earlier_than_what_was_confirmed(machine: Machine) -> None:
    machine.clock.begin(RememberedTime(seen_at=NOW + DAY, confirmed_at=NOW + DAY))
    machine.pass_time(SECOND)
    assert machine.clock.confirmed_now() == NOW + DAY + SECOND
    assert machine.clock.remember() == RememberedTime(seen_at=NOW + DAY + SECOND, confirmed_at=NOW + DAY + SECOND)


def test_how_long_nothing_confirms_it_is_counted_by_the_monotonic_clock(machine: Machine) -> None:
    machine.clock.begin(None)
    machine.pass_time(MINUTE)
    machine.step(DAY)
    assert machine.clock.report().unconfirmed_ms == MINUTE
    machine.clock.hear_date(NOW + MINUTE + DAY)
    assert machine.clock.report().is_confirmed
