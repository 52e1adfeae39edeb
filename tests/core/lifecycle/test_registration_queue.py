"""When a registration has its turn."""

from msgspec.structs import replace

from dcvd.core.instants import MINUTE
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.registration_queue import QueuePosition, queue_position

NOW = 1_800_000_000_000
JOB = Job(
    id="job_1",
    org_id="org_1",
    kind="register",
    state=JobState.PENDING,
    domain_id="dom_1",
    domain_name="app.customer.com",
    attempts=0,
    next_attempt_at=NOW,
    last_error_code=None,
    last_error=None,
    created_at=NOW,
    updated_at=NOW,
)


def test_the_next_one_is_expected_now() -> None:
    assert queue_position(JOB, 0, 15, NOW) == QueuePosition(state="queued", position=1, expected_at=NOW)


def test_the_line_moves_at_the_pace_that_cloudflare_allows() -> None:
    assert queue_position(JOB, 15, 15, NOW).expected_at == NOW + MINUTE
    assert queue_position(JOB, 100_000, 15, NOW).expected_at == NOW + 100_000 * MINUTE // 15
    assert queue_position(JOB, 100_000, 15, NOW).position == 100_001


def test_without_a_limit_everybody_is_expected_now() -> None:
    assert queue_position(JOB, 100_000, 0, NOW).expected_at == NOW


def test_a_retry_is_not_expected_before_its_time() -> None:
    retried = replace(JOB, attempts=2, next_attempt_at=NOW + 5 * MINUTE)
    assert queue_position(retried, 0, 15, NOW) == QueuePosition(
        state="retrying", position=1, expected_at=NOW + 5 * MINUTE
    )
    assert queue_position(retried, 150, 15, NOW).expected_at == NOW + 10 * MINUTE
