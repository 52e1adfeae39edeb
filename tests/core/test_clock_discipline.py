"""Which time dcvd goes by: whatever the machine's clock does, what was confirmed is left only for what is confirmed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.clock_discipline import (
    AGREEMENT_MS,
    FOLLOWED_MS,
    MAX_DOWNTIME_MS,
    ClockState,
    RememberedTime,
    begin,
    follow,
    hear_date,
)
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from tests.core.builders import NOW

MONOTONIC = 5_000
YEAR = 365 * DAY
STEPS = [30 * HOUR, -30 * HOUR, DAY, -DAY, YEAR, -YEAR, 100 * DAY, MINUTE + 1, -MINUTE - 1]


def begun(wall_at: int, confirmed_at: int | None) -> tuple[int, bool]:
    """The time that is gone by after a start, and whether it is confirmed."""
    state = begin(wall_at, MONOTONIC, RememberedTime(seen_at=NOW, confirmed_at=confirmed_at))
    return state.offset_ms + MONOTONIC, state.is_confirmed


def test_the_first_start_goes_by_the_machines_clock_which_nothing_confirms() -> None:
    assert begin(NOW, MONOTONIC, None) == ClockState(offset_ms=NOW - MONOTONIC)
    assert begun(NOW, None) == (NOW, False)


@pytest.mark.parametrize("stop_ms", [0, 5 * SECOND, MAX_DOWNTIME_MS])
def test_a_start_soon_after_a_stop_is_confirmed_by_what_was_stored(stop_ms: int) -> None:
    assert begun(NOW + stop_ms, NOW) == (NOW + stop_ms, True)


@pytest.mark.parametrize("stop_ms", [MAX_DOWNTIME_MS + 1, 30 * HOUR, 100 * DAY, YEAR])
def test_after_a_long_stop_only_a_date_tells_whether_it_was_one(stop_ms: int) -> None:
    assert begun(NOW + stop_ms, NOW) == (NOW + stop_ms, False)


@pytest.mark.parametrize("back_ms", [FOLLOWED_MS + 1, 30 * HOUR, YEAR])
def test_a_clock_that_is_behind_what_was_confirmed_is_not_gone_by(back_ms: int) -> None:
    assert begun(NOW - back_ms, NOW) == (NOW, True)


@pytest.mark.parametrize("step_ms", STEPS)
def test_a_step_is_not_followed_until_a_date_agrees_with_it(step_ms: int) -> None:
    state = ClockState(offset_ms=NOW, is_confirmed=True)
    assert follow(state, NOW + step_ms) == state
    assert hear_date(state, NOW + step_ms, NOW) == state, "Cloudflare says that nothing happened"
    assert hear_date(state, NOW + step_ms, NOW + step_ms - SECOND) == ClockState(
        offset_ms=NOW + step_ms, is_confirmed=True
    )


@pytest.mark.parametrize("step_ms", STEPS)
def test_what_nothing_has_confirmed_follows_every_step(step_ms: int) -> None:
    assert follow(ClockState(offset_ms=NOW), NOW + step_ms) == ClockState(offset_ms=NOW + step_ms)


def test_small_corrections_are_followed() -> None:
    state = ClockState(offset_ms=NOW, is_confirmed=True)
    assert follow(state, NOW - FOLLOWED_MS).offset_ms == NOW - FOLLOWED_MS
    assert follow(state, NOW + FOLLOWED_MS + 1) == state


def test_where_both_agree_with_a_date_within_a_minute_the_nearer_one_is_gone_by() -> None:
    state = ClockState(offset_ms=NOW, is_confirmed=True)
    assert hear_date(state, NOW + 55 * SECOND, NOW + SECOND) == state
    assert hear_date(state, NOW + 55 * SECOND, NOW + 50 * SECOND).offset_ms == NOW + 55 * SECOND


def test_a_date_that_contradicts_everything_has_to_be_repeated() -> None:
    state = ClockState(offset_ms=NOW + YEAR)
    once = hear_date(state, NOW + YEAR, NOW)
    assert (once.offset_ms, once.is_confirmed) == (NOW + YEAR, False)
    other = hear_date(once, NOW + YEAR, NOW - DAY)
    assert not other.is_confirmed, "two that contradict each other say nothing"
    twice = hear_date(once, NOW + YEAR, NOW + SECOND)
    assert twice == ClockState(offset_ms=NOW + SECOND, is_confirmed=True)
    assert follow(twice, NOW + YEAR) == twice


offsets = st.integers(-3, 3).flatmap(lambda days: st.integers(days * DAY - 2 * MINUTE, days * DAY + 2 * MINUTE))
looks = st.tuples(st.just("look"), offsets)
dates = st.tuples(st.just("date"), offsets)


@given(st.lists(looks), offsets)
def test_no_step_of_the_machines_clock_moves_a_confirmed_time_far(steps: list[tuple[str, int]], first: int) -> None:
    state = ClockState(offset_ms=first, is_confirmed=True)
    for _, offset_ms in steps:
        after = follow(state, offset_ms)
        assert abs(after.offset_ms - state.offset_ms) <= FOLLOWED_MS
        assert after.is_confirmed
        state = after


@given(st.lists(looks | dates), offsets)
def test_right_dates_lead_to_a_time_that_is_right_whatever_came_before(
    steps: list[tuple[str, int]], first: int
) -> None:
    state, wall = ClockState(offset_ms=first), first
    for kind, offset_ms in steps:
        if kind == "look":
            wall = offset_ms
            state = follow(state, wall)
        else:
            state = hear_date(state, wall, offset_ms)
    for _ in range(2):
        state = hear_date(state, wall, 0)
    assert state.is_confirmed
    assert abs(state.offset_ms) <= AGREEMENT_MS
