"""When an endpoint is paused, called failing and given up."""

from collections.abc import Iterable

import pytest

from dcvd.core.http.exchanges import POSSIBLY_OUR_FAULT, FailureReason
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.health import (
    DisabledReason,
    EndpointHealth,
    HealthChange,
    HealthState,
    apply_attempt,
    apply_time,
    disable,
)
from tests.core.builders import NOW
from tests.core.webhooks.attempts import answered, unanswered

FAILED = answered(500)


class Tale:
    """An endpoint whose attempts take no time."""

    def __init__(self) -> None:
        self.health = EndpointHealth()
        self.now = NOW

    def ended(self, attempt: Attempt, *, delay: int = HOUR) -> HealthChange | None:
        self.health, change = apply_attempt(self.health, attempt, delay, self.now)
        return change

    def fails(self, times: int = 1, *, every: int = 0) -> list[HealthChange | None]:
        changes = []
        for _ in range(times):
            changes.append(self.ended(FAILED))
            self.now += every
        return changes

    def busy(self, *, delay: int = HOUR, retry_after: int | None = None) -> int:
        """Sent now and answered 503 now; gives the milliseconds of the pause."""
        self.ended(answered(503, started_at=self.now, retry_after_ms=retry_after), delay=delay)
        assert self.health.paused_until is not None
        return self.health.paused_until - self.now

    def waits_out(self) -> None:
        self.now = self.health.paused_until or self.now


def told(changes: Iterable[HealthChange | None]) -> list[HealthChange]:
    return [change for change in changes if change is not None]


# Failing


def test_five_failures_within_five_minutes_are_no_verdict() -> None:
    tale = Tale()
    assert told(tale.fails(5, every=MINUTE)) == []
    assert tale.health.state is HealthState.HEALTHY


def test_five_failures_over_five_minutes_are_failing() -> None:
    tale = Tale()
    assert tale.fails(4, every=MINUTE) == [None] * 4
    tale.now = NOW + 5 * MINUTE - 1
    assert tale.ended(FAILED) is None
    tale.now += 1
    assert tale.ended(FAILED) is HealthChange.FAILING
    assert (tale.health.state, tale.health.failures) == (HealthState.FAILING, 6)
    assert tale.health.last_error == "The receiver answered 500."


def test_four_failures_over_days_are_no_verdict() -> None:
    tale = Tale()
    assert told(tale.fails(4, every=DAY)) == []


def test_an_endpoint_is_failing_by_the_clock_too() -> None:
    tale = Tale()
    assert told(tale.fails(8)) == []
    assert apply_time(tale.health, NOW + 5 * MINUTE - 1) == (tale.health, None)
    failing, change = apply_time(tale.health, NOW + 5 * MINUTE)
    assert (failing.state, change) == (HealthState.FAILING, HealthChange.FAILING)
    assert apply_time(failing, NOW + DAY) == (failing, None)


@pytest.mark.parametrize("failures", [0, 1, 4])
def test_time_alone_makes_nobody_failing(failures: int) -> None:
    tale = Tale()
    tale.fails(failures)
    assert apply_time(tale.health, NOW + 30 * DAY) == (tale.health, None)


def test_time_disables_nobody() -> None:
    tale = Tale()
    tale.fails(20)
    failing, _ = apply_time(tale.health, NOW + 30 * DAY)
    assert failing.state is HealthState.FAILING


def test_failing_is_told_once_a_streak() -> None:
    tale = Tale()
    assert told(tale.fails(9, every=MINUTE)) == [HealthChange.FAILING]
    assert tale.ended(answered(200)) is HealthChange.RECOVERED
    assert tale.ended(answered(200)) is None
    assert told(tale.fails(9, every=MINUTE)) == [HealthChange.FAILING]


@pytest.mark.parametrize("failures", [1, 4, 9])
def test_one_success_resets_everything(failures: int) -> None:
    tale = Tale()
    tale.fails(failures, every=DAY // 2)
    tale.busy()
    tale.ended(answered(204))
    assert tale.health == EndpointHealth()


# Giving up


def test_a_burst_of_failures_alone_gives_nobody_up() -> None:
    tale = Tale()
    assert told(tale.fails(1000, every=SECOND)) == [HealthChange.FAILING]


def test_days_alone_give_nobody_up() -> None:
    tale = Tale()
    tale.fails()
    tale.now += 60 * DAY
    assert tale.ended(FAILED) is None
    assert tale.health.state is HealthState.HEALTHY


def test_two_failures_six_days_apart_and_then_eight_more_are_the_end() -> None:
    tale = Tale()
    tale.fails()
    tale.now += 6 * DAY
    assert tale.ended(FAILED) is None
    changes = tale.fails(8, every=MINUTE)
    assert changes == [None, None, HealthChange.FAILING, None, None, None, None, HealthChange.DISABLED]
    assert (tale.health.state, tale.health.reason) == (HealthState.DISABLED, DisabledReason.EXHAUSTED)


def test_the_tenth_failure_is_the_end_only_five_days_after_the_first() -> None:
    tale = Tale()
    tale.fails(12, every=MINUTE)
    tale.now = NOW + 5 * DAY - 1
    assert tale.ended(FAILED) is None
    tale.now += 1
    assert tale.ended(FAILED) is HealthChange.DISABLED
    assert tale.health.failing_since == NOW


def test_one_success_among_the_days_keeps_an_endpoint() -> None:
    tale = Tale()
    tale.fails(9, every=DAY // 2)
    tale.ended(answered(200))
    assert HealthChange.DISABLED not in tale.fails(9, every=DAY // 2)


def test_410_disables_at_once() -> None:
    tale = Tale()
    assert tale.ended(answered(410)) is HealthChange.DISABLED
    assert (tale.health.state, tale.health.reason) == (HealthState.DISABLED, DisabledReason.GONE)
    assert tale.health.last_error == "The receiver answered 410."
    assert not tale.health.is_enabled


@pytest.mark.parametrize("reason", DisabledReason)
@pytest.mark.parametrize("status", [200, 410, 500, 503])
def test_attempts_that_end_after_the_endpoint_was_disabled_change_nothing(reason: DisabledReason, status: int) -> None:
    tale = Tale()
    tale.fails(3)
    tale.health = before = disable(tale.health, reason)
    tale.now += 10 * DAY
    assert tale.ended(answered(status)) is None
    assert tale.health == before


def test_disabling_ends_a_pause_and_keeps_what_was_wrong() -> None:
    tale = Tale()
    tale.busy()
    stopped = disable(tale.health, DisabledReason.MANUAL)
    assert (stopped.pauses, stopped.paused_until) == (0, None)
    assert (stopped.failures, stopped.last_error) == (1, "The receiver answered 503.")


# What may be dcvd's own fault


@pytest.mark.parametrize(
    "attempt",
    [unanswered(AttemptOutcome.INTERNAL)]
    + [unanswered(AttemptOutcome.CONNECT, reason) for reason in sorted(POSSIBLY_OUR_FAULT)],
    ids=lambda attempt: attempt.reason or attempt.outcome,
)
def test_what_may_be_dcvds_own_fault_never_counts(attempt: Attempt) -> None:
    tale = Tale()
    for _ in range(20):
        assert tale.ended(attempt) is None
        tale.now += DAY
    assert tale.health == EndpointHealth()


@pytest.mark.parametrize("reason", sorted(set(FailureReason) - POSSIBLY_OUR_FAULT))
def test_any_other_failure_counts(reason: FailureReason) -> None:
    tale = Tale()
    tale.ended(unanswered(AttemptOutcome.CONNECT, reason))
    assert (tale.health.failures, tale.health.failing_since) == (1, NOW)


def test_a_failure_of_dcvds_own_does_not_end_a_streak() -> None:
    tale = Tale()
    tale.fails(4, every=2 * MINUTE)
    tale.ended(unanswered(AttemptOutcome.INTERNAL))
    assert tale.ended(FAILED) is HealthChange.FAILING


# Pauses


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_answers_that_speak_of_the_whole_endpoint_pause_it(status: int) -> None:
    tale = Tale()
    tale.ended(answered(status))
    assert tale.health.paused_until == NOW + 500


@pytest.mark.parametrize("attempt", [answered(500), answered(404), answered(302), unanswered(AttemptOutcome.TIMEOUT)])
def test_nothing_else_pauses_it(attempt: Attempt) -> None:
    tale = Tale()
    tale.ended(attempt)
    assert tale.health.paused_until is None


def test_the_pause_doubles_up_to_the_schedules_own_delay() -> None:
    tale = Tale()
    pauses = []
    for _ in range(7):
        pauses.append(tale.busy(delay=10 * SECOND))
        tale.waits_out()
    assert pauses == [500, 1000, 2000, 4000, 8000, 10_000, 10_000]


def test_a_streak_of_any_length_has_a_pause() -> None:
    tale = Tale()
    for _ in range(100):
        tale.busy(delay=HOUR)
        tale.waits_out()
    assert tale.busy(delay=HOUR) == HOUR


@pytest.mark.parametrize("retry_after", [0, 100, MINUTE, 6 * HOUR])
def test_retry_after_makes_the_pause_longer_and_never_shorter(retry_after: int) -> None:
    usual = Tale().busy(delay=5 * SECOND)
    assert usual > 0
    assert Tale().busy(delay=5 * SECOND, retry_after=retry_after) == max(usual, retry_after)


def test_another_answer_between_begins_the_doubling_anew() -> None:
    tale = Tale()
    for _ in range(3):
        tale.busy()
        tale.waits_out()
    tale.ended(FAILED)
    assert tale.busy() == 500


def test_any_2xx_ends_the_pause_at_once() -> None:
    tale = Tale()
    tale.busy(retry_after=HOUR)
    tale.ended(answered(200, started_at=NOW - SECOND))
    assert tale.health.paused_until is None
    assert tale.busy() == 500


def test_eight_answers_to_what_was_sent_before_the_pause_count_once() -> None:
    tale = Tale()
    sent = [answered(503, started_at=NOW - 10 * number) for number in range(8)]
    for attempt in sent:
        tale.ended(attempt)
        tale.now += 10
    assert (tale.health.failures, tale.health.pauses) == (8, 1)
    tale.waits_out()
    assert tale.busy() == 1000


def test_a_late_answer_of_the_same_burst_does_not_shorten_the_pause() -> None:
    tale = Tale()
    tale.busy(retry_after=HOUR)
    for later in (answered(503, started_at=NOW - 1), answered(503, started_at=NOW - 1, retry_after_ms=SECOND)):
        tale.ended(later)
        assert tale.health.paused_until == NOW + HOUR


def test_a_failure_of_another_kind_does_not_shorten_the_pause() -> None:
    tale = Tale()
    tale.busy(retry_after=HOUR)
    tale.ended(FAILED)
    assert tale.health.paused_until == NOW + HOUR
    tale.ended(answered(503, started_at=NOW - 1))
    assert tale.health.paused_until == NOW + HOUR
