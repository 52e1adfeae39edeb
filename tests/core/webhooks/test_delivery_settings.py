"""What an endpoint may settle for its own deliveries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.durations import format_duration
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.retry_delays import MAX_JITTER
from dcvd.core.webhooks.delivery_settings import (
    MAX_ATTEMPTS,
    MAX_SCHEDULE_MS,
    plan_again,
    validate_schedule,
    validate_timeout,
)
from dcvd.errors import InvalidInput
from tests.examples import examples


def test_a_timeout_is_from_one_second_to_thirty() -> None:
    assert [validate_timeout(seconds) for seconds in (None, 1, 30)] == [None, SECOND, 30 * SECOND]
    for seconds in (0, 31, -1):
        with pytest.raises(InvalidInput, match=f"timeoutSeconds is {seconds}; give a whole number from 1 to 30"):
            validate_timeout(seconds)


@examples(1)
@given(delays=st.lists(st.integers(0, MAX_SCHEDULE_MS), max_size=MAX_ATTEMPTS + 2))
def test_a_schedule_is_read_as_it_is_written_within_its_bounds(delays: list[int]) -> None:
    written = [format_duration(delay) for delay in delays]
    if 1 <= len(delays) <= MAX_ATTEMPTS and sum(delays) <= MAX_SCHEDULE_MS:
        assert validate_schedule(written) == tuple(delays)
    else:
        with pytest.raises(InvalidInput):
            validate_schedule(written)


@pytest.mark.parametrize(
    ("delays", "field", "told"),
    [
        ([], "retrySchedule", "has 0 entries; give 1 to 30"),
        (["0s"] * 31, "retrySchedule", "has 31 entries; give 1 to 30"),
        (["0s", "7d", "1ms"], "retrySchedule", "in all; 7d are allowed"),
        (["0s", "5"], "retrySchedule[1]", "retrySchedule[1] is '5'; give an integer and one of ms, s, m, h, d"),
        (["-5s"], "retrySchedule[0]", "is '-5s'"),
        (["1.5h"], "retrySchedule[0]", "is '1.5h'"),
        (["9" * 5000 + "s"], "retrySchedule[0]", "is '" + "9" * 40 + "'"),
    ],
)
def test_what_is_no_schedule_is_refused_naming_what_is_wrong(delays: list[str], field: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        validate_schedule(delays)
    assert raised.value.field == field
    assert told in raised.value.message


@examples(1)
@given(
    schedule=st.lists(st.integers(0, DAY), min_size=1, max_size=MAX_ATTEMPTS),
    failed=st.integers(0, 40),
    fraction=st.floats(0, 1, exclude_max=True),
)
def test_what_waits_is_due_after_the_delay_of_its_next_attempt_and_beyond_the_end_after_the_last_delay(
    schedule: list[int], failed: int, fraction: float
) -> None:
    due_at = plan_again(schedule, failed, HOUR, fraction)
    delay = schedule[failed] if failed < len(schedule) else schedule[-1]
    assert HOUR + delay <= due_at <= HOUR + delay * (1 + MAX_JITTER)
    assert plan_again((0, MINUTE), 1, HOUR, 0.0) == HOUR + MINUTE
