"""What follows from a failed attempt, and what a payload says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, ValidationError
from msgspec.structs import replace

from dcvd.core.instants import HOUR, SECOND
from dcvd.core.jobs import (
    MAX_DELAY_MS,
    FailureConsequence,
    Job,
    JobKind,
    JobState,
    NoPayload,
    Outage,
    decide_after_failure,
    encode_payload,
)
from dcvd.errors import DcvdError, Permanent, Retryable, Unauthorized

NOW = 1_800_000_000_000
AWAY = Outage("away")


class _Errand(Struct, frozen=True):
    action: str
    count: int = 1


def _decide(
    error: DcvdError,
    attempts: int = 1,
    *,
    outage_attempts: int = 0,
    random_fraction: float = 0.0,
    planned_at: int | None = None,
) -> FailureConsequence:
    """What follows where this is the attempt of that number, after so many in a row that failed by an outage."""
    job = replace(_job("{}"), attempts=attempts - 1, outage_attempts=outage_attempts)
    return decide_after_failure(
        error, job, max_attempts=5, outages=[AWAY], now=NOW, random_fraction=random_fraction, planned_at=planned_at
    )


def _job(payload: str) -> Job:
    return Job(
        id="job_1", org_id="org_1", kind="errand", state=JobState.PENDING, domain_id=None, domain_name=None,
        attempts=0, next_attempt_at=NOW, last_error_code=None, last_error=None, created_at=NOW,
        updated_at=NOW, payload=payload,
    )  # fmt: skip


@pytest.mark.parametrize("attempts", [1, 4, 5, 100])
def test_a_permanent_error_is_final_at_once(attempts: int) -> None:
    assert _decide(Permanent("No.", code="no"), attempts) == FailureConsequence(
        state=JobState.DEAD, attempts=attempts, outage_attempts=0, next_attempt_at=None
    )


@pytest.mark.parametrize(
    "error", [Retryable("Later.", code="odd"), Unauthorized("Who are you?"), DcvdError("A fault of our own.")]
)
def test_any_other_failure_is_final_with_the_last_attempt(error: DcvdError) -> None:
    ends = [_decide(error, attempts) for attempts in range(1, 7)]
    assert [end.state for end in ends] == [*[JobState.PENDING] * 4, *[JobState.DEAD] * 2]
    delays = [end.next_attempt_at - NOW for end in ends if end.next_attempt_at is not None]
    assert delays == [1 * SECOND, 5 * SECOND, 30 * SECOND, 120 * SECOND]


@pytest.mark.parametrize("error", [Retryable("Away.", code="away"), Unauthorized("Away.", code="away")])
def test_an_outage_is_never_final_and_its_delays_stay_short(error: DcvdError) -> None:
    ends = [_decide(error, 5, outage_attempts=number) for number in range(100)]
    assert {end.state for end in ends} == {JobState.PENDING}
    assert max(end.next_attempt_at or 0 for end in ends) == NOW + 300 * SECOND


def test_an_outage_counts_no_attempt_and_what_fails_after_it_goes_on_from_the_count_before() -> None:
    away = _decide(Retryable("Away.", code="away"), 3, outage_attempts=7)
    assert (away.attempts, away.outage_attempts, away.next_attempt_at) == (2, 8, NOW + 128 * SECOND)
    after = _decide(Retryable("It hiccuped.", code="odd"), 3, outage_attempts=8)
    assert (after.attempts, after.outage_attempts, after.next_attempt_at) == (3, 0, NOW + 30 * SECOND)


def test_an_outage_has_events_ever_more_rarely_and_any_other_failure_always_has_one() -> None:
    ends = [_decide(Retryable("Away.", code="away"), outage_attempts=number) for number in range(300)]
    assert [end.outage_attempts for end in ends if end.has_event] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert all(_decide(Retryable("It hiccuped.", code="odd"), outage_attempts=number).has_event for number in range(9))


@pytest.mark.parametrize("error", [Retryable("Later.", code="odd"), Permanent("No."), Retryable("Away.", code="away")])
def test_a_plan_that_was_made_during_the_attempt_holds_whatever_came_of_it(error: DcvdError) -> None:
    end = _decide(error, 5, planned_at=NOW - SECOND)
    assert (end.state, end.next_attempt_at) == (JobState.PENDING, NOW - SECOND)


@pytest.mark.parametrize(("code", "plain_s"), [("odd", 120), ("away", 8)])
@pytest.mark.parametrize(("wish_s", "expected_s"), [(0.5, None), (3_600, 3_600), (10**6, 7_200)])
def test_a_wish_to_wait_lengthens_the_delay_up_to_two_hours_and_never_shortens_it(
    code: str, plain_s: int, wish_s: float, expected_s: int | None
) -> None:
    end = _decide(Retryable("Slow down.", code=code, retry_after_s=wish_s), 4, outage_attempts=3)
    assert end.next_attempt_at == NOW + (plain_s if expected_s is None else expected_s) * SECOND


@given(
    attempts=st.integers(1, 10**6),
    fraction=st.floats(0, 1, exclude_max=True),
    wish_s=st.none() | st.floats(0, 10**9),
    code=st.sampled_from(["odd", "away"]),
)
def test_no_job_is_planned_for_the_past_or_further_ahead_than_the_longest_delay(
    attempts: int, fraction: float, wish_s: float | None, code: str
) -> None:
    error = Retryable("Later.", code=code, retry_after_s=wish_s)
    end = _decide(error, attempts, outage_attempts=attempts, random_fraction=fraction)
    assert (end.state is JobState.PENDING) == (end.next_attempt_at is not None)
    assert end.next_attempt_at is None or NOW < end.next_attempt_at <= NOW + MAX_DELAY_MS
    assert MAX_DELAY_MS == 2 * HOUR


def test_a_payload_is_stored_as_json_and_read_as_its_kind_declares_it() -> None:
    errand = _Errand("fetch", 3)
    assert encode_payload(errand) == '{"action":"fetch","count":3}'
    assert JobKind("errand", _Errand).decode_payload(_job(encode_payload(errand))) == errand
    assert JobKind("nothing", NoPayload).decode_payload(_job("{}")) == NoPayload()
    with pytest.raises(ValidationError):
        JobKind("errand", _Errand).decode_payload(_job("{}"))


@pytest.mark.parametrize(
    ("payload", "action"),
    [('{"action":"fetch","count":3}', "fetch"), ('{"count":3}', None), ('{"action":{"of":"a newer dcvd"}}', None)],
)
def test_a_payload_may_say_what_exactly_its_job_does(payload: str, action: str | None) -> None:
    assert _job(payload).action == action
