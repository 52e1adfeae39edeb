"""What an attempt means for its delivery."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.exchanges import POSSIBLY_OUR_FAULT, FailureReason
from dcvd.core.instants import DAY, HOUR, SECOND
from dcvd.core.retry_delays import MAX_JITTER
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptOutcome,
    DeliveryState,
    DeliveryStatus,
    NextAttemptReason,
    decide_next_attempt,
    is_receiver_at_fault,
    status_of,
)
from tests.core.builders import NOW
from tests.core.webhooks.attempts import answered, unanswered

SCHEDULE = (0, 5 * SECOND, 30 * SECOND)
FRACTIONS = st.floats(0, 1, exclude_max=True)
ENDING = (AttemptOutcome.DELIVERED, AttemptOutcome.GONE)
FAILURES = st.sampled_from([302, 400, 404, 429, 500, 503])


def test_only_a_2xx_is_a_success_and_only_410_ends_a_delivery() -> None:
    by_outcome: dict[AttemptOutcome, set[int]] = {}
    for status in range(100, 600):
        by_outcome.setdefault(meaning_of(status).outcome, set()).add(status)
    assert by_outcome == {
        AttemptOutcome.DELIVERED: set(range(200, 300)),
        AttemptOutcome.REDIRECT: set(range(300, 400)),
        AttemptOutcome.GONE: {410},
        AttemptOutcome.HTTP_ERROR: {*range(100, 200), *range(400, 600)} - {410},
    }


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [(204, DeliveryState.DELIVERED, NextAttemptReason.DELIVERED), (410, DeliveryState.DEAD, NextAttemptReason.GONE)],
)
def test_a_2xx_and_a_410_end_a_delivery_whatever_the_schedule_still_holds(
    status: int, state: DeliveryState, reason: NextAttemptReason
) -> None:
    followed = decide_next_attempt(answered(status, retry_after_ms=HOUR), 0, SCHEDULE, NOW, 0.0)
    assert (followed.state, followed.next_attempt_at, followed.reason) == (state, None, reason)


@pytest.mark.parametrize("outcome", [outcome for outcome in AttemptOutcome if outcome not in ENDING])
def test_every_other_outcome_is_tried_again_by_the_schedule(outcome: AttemptOutcome) -> None:
    followed = decide_next_attempt(unanswered(outcome), 0, SCHEDULE, NOW, 0.0)
    assert (followed.state, followed.next_attempt_at, followed.reason) == (
        DeliveryState.PENDING,
        NOW + 5 * SECOND,
        NextAttemptReason.SCHEDULE,
    )


@given(st.lists(st.integers(0, DAY), min_size=1, max_size=12), st.integers(0, 50), FRACTIONS)
def test_a_schedule_of_n_delays_gives_n_attempts_counted_from_its_beginning(
    schedule: list[int], before: int, fraction: float
) -> None:
    made, due = before, True
    while due:
        made += 1
        followed = decide_next_attempt(answered(500, number=made), before, schedule, NOW, fraction)
        due = followed.next_attempt_at is not None
        assert followed.state is (DeliveryState.PENDING if due else DeliveryState.DEAD)
        assert (followed.reason is NextAttemptReason.SCHEDULE_ENDED) == (not due)
    assert made - before == len(schedule)


@given(FAILURES, st.integers(1, 2), st.none() | st.integers(0, 6 * HOUR), FRACTIONS)
def test_retry_after_puts_an_attempt_off_and_never_brings_it_forward(
    status: int, number: int, retry_after: int | None, fraction: float
) -> None:
    followed = decide_next_attempt(
        answered(status, number=number, retry_after_ms=retry_after), 0, SCHEDULE, NOW, fraction
    )
    plain = decide_next_attempt(answered(status, number=number), 0, SCHEDULE, NOW, fraction)
    assert followed.next_attempt_at is not None
    assert plain.next_attempt_at is not None
    assert SCHEDULE[number] <= plain.next_attempt_at - NOW <= SCHEDULE[number] * (1 + MAX_JITTER)
    assert followed.next_attempt_at == max(plain.next_attempt_at, NOW + (retry_after or 0))
    put_off = followed.next_attempt_at > plain.next_attempt_at
    assert followed.reason is (NextAttemptReason.RETRY_AFTER if put_off else NextAttemptReason.SCHEDULE)


def test_retry_after_gives_no_attempt_beyond_the_schedule() -> None:
    followed = decide_next_attempt(answered(503, number=3, retry_after_ms=HOUR), 0, SCHEDULE, NOW, 0.0)
    assert (followed.state, followed.next_attempt_at) == (DeliveryState.DEAD, None)


def test_a_requeued_dead_letter_has_its_whole_schedule_again() -> None:
    followed = decide_next_attempt(answered(500, number=4), 3, SCHEDULE, NOW, 0.0)
    assert (followed.state, followed.next_attempt_at) == (DeliveryState.PENDING, NOW + 5 * SECOND)


@pytest.mark.parametrize(
    ("attempt", "blamed"),
    [
        (answered(500), True),
        (answered(302), True),
        (unanswered(AttemptOutcome.TIMEOUT), True),
        (unanswered(AttemptOutcome.REFUSED_BY_POLICY, FailureReason.ADDRESS_NOT_ALLOWED), True),
        (unanswered(AttemptOutcome.INTERNAL), False),
        (unanswered(AttemptOutcome.DNS, FailureReason.NAME_NOT_PUBLIC), True),
        (unanswered(AttemptOutcome.DNS, FailureReason.NAME_SERVER_FAILED), False),
        (unanswered(AttemptOutcome.CONNECT, FailureReason.NETWORK_UNREACHABLE), False),
        (unanswered(AttemptOutcome.CONNECT, FailureReason.OWN_LIMIT), False),
    ],
)
def test_what_may_be_dcvds_own_fault_is_not_blamed_on_the_receiver(attempt: Attempt, blamed: bool) -> None:
    assert is_receiver_at_fault(attempt) is blamed


def test_every_other_reason_is_the_receivers() -> None:
    for reason in FailureReason:
        assert is_receiver_at_fault(unanswered(AttemptOutcome.CONNECT, reason)) is (reason not in POSSIBLY_OUR_FAULT)


def test_only_what_is_pending_depends_on_the_endpoint() -> None:
    seen = {
        (state, enabled): status_of(state, is_enabled=enabled)
        for state, enabled in product(DeliveryState, (True, False))
    }
    assert seen.pop((DeliveryState.PENDING, False)) is DeliveryStatus.HELD
    assert all(status.value == state.value for (state, _), status in seen.items())
