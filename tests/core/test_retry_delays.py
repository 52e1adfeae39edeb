"""Delays: Cloudflare's validation schedule, jobs and deliveries."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.retry_delays import MAX_JITTER, add_jitter, cloudflare_backoff_ms, job_delay_ms, next_attempt_at
from tests.core.builders import NOW

FRACTIONS = st.floats(0, 1, exclude_max=True)
RETRIES = 75


def published_seconds(retry: int) -> int:
    """Cloudflare for SaaS, "Validation backoff schedule": min(floor(60·kⁿ), 14400)."""
    return min(int(60 * (1.05 if retry < 10 else 1.15) ** retry), 14_400)


def test_the_published_schedule_is_followed_to_the_second() -> None:
    ours = [cloudflare_backoff_ms(retry, MINUTE) // SECOND for retry in range(120)]
    assert ours == [published_seconds(retry) for retry in range(120)]


def test_its_landmarks_are_those_of_the_facts() -> None:
    ends = list(itertools.accumulate(cloudflare_backoff_ms(retry, MINUTE) for retry in range(RETRIES)))
    assert round(ends[9] / MINUTE, 1) in (12.5, 12.6)
    assert sum(end <= 4 * HOUR for end in ends) == 26
    assert sum(end <= 24 * HOUR for end in ends) == 38
    assert ends[-1] == pytest.approx(7.06 * DAY, rel=0.001)
    capped = [retry for retry in range(RETRIES) if cloudflare_backoff_ms(retry, MINUTE) == 4 * HOUR]
    assert capped == list(range(40, RETRIES))


@given(st.integers(0, 10**9), st.integers(1, DAY))
def test_a_step_never_shrinks_never_passes_four_hours_and_never_overflows(look: int, first: int) -> None:
    step, following = cloudflare_backoff_ms(look, first), cloudflare_backoff_ms(look + 1, first)
    assert 0 < step <= following <= 4 * HOUR


@given(st.integers(0, 120), st.integers(1, MINUTE))
@example(59, 100)
def test_a_shorter_first_step_grows_by_the_same_factors_and_makes_no_leap(look: int, first: int) -> None:
    step, following = cloudflare_backoff_ms(look, first), cloudflare_backoff_ms(look + 1, first)
    # The steepest published step is from retry 9 to 10, where k changes: 1.15¹⁰ / 1.05⁹ ≈ 2.61.
    assert following <= 2.61 * (step + 1)


@given(st.integers(0, 10 * DAY), FRACTIONS)
def test_jitter_only_adds_and_at_most_a_fifth(delay: int, fraction: float) -> None:
    assert delay <= add_jitter(delay, fraction) <= delay * (1 + MAX_JITTER)


def test_jitter_really_spreads() -> None:
    assert add_jitter(HOUR, 0.0) == HOUR
    assert add_jitter(HOUR, 0.5) == HOUR + 6 * MINUTE


def test_a_delivery_follows_its_schedule_and_ends_with_it() -> None:
    schedule = [0, 5 * SECOND, 30 * SECOND]
    assert [next_attempt_at(schedule, attempts, NOW, 0.0) for attempts in range(5)] == [
        NOW,
        NOW + 5 * SECOND,
        NOW + 30 * SECOND,
        None,
        None,
    ]


@given(st.lists(st.integers(0, DAY), max_size=12), st.integers(0, 15), FRACTIONS)
def test_a_schedules_length_is_the_number_of_attempts(schedule: list[int], attempts: int, fraction: float) -> None:
    due = next_attempt_at(schedule, attempts, NOW, fraction)
    assert (due is None) == (attempts >= len(schedule))
    if due is not None:
        assert NOW + schedule[attempts] <= due <= NOW + schedule[attempts] * (1 + MAX_JITTER)


def test_a_failing_job_waits_longer_each_time_up_to_an_hour() -> None:
    delays = [job_delay_ms(attempts, 0.0, is_outage=False) for attempts in range(1, 12)]
    steps = [SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE]
    assert delays == [*steps, *[HOUR] * 5]


def test_an_outage_is_waited_out_in_steps_of_five_minutes_at_most() -> None:
    delays = [job_delay_ms(attempts, 0.0, is_outage=True) for attempts in range(1, 12)]
    assert delays[:4] == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    assert delays[-1] == 5 * MINUTE
    assert job_delay_ms(10_000, 0.0, is_outage=True) == 5 * MINUTE


@pytest.mark.parametrize("outage", [True, False])
def test_jobs_that_failed_together_come_back_spread_out(outage: bool) -> None:
    for attempts in (1, 4, 100):
        delay = job_delay_ms(attempts, 0.0, is_outage=outage)
        assert job_delay_ms(attempts, 0.5, is_outage=outage) == delay * 11 // 10
