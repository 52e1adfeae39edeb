"""When work is late, and when it only waits because it has to."""

import pytest

from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.system.lateness import is_check_late, is_delivery_late, is_job_late


@pytest.mark.parametrize(
    ("lane", "limit"),
    [(CheckLane.WAITING, 15 * MINUTE), (CheckLane.ROUTINE, 2 * HOUR), (CheckLane.FAILING, 2 * HOUR)],
)
def test_a_check_that_somebody_waits_for_is_late_sooner_than_the_others(lane: CheckLane, limit: int) -> None:
    assert not is_check_late(lane, limit)
    assert is_check_late(lane, limit + 1)


def test_a_job_may_wait_as_long_as_the_queue_before_it_takes_at_the_pace_that_cloudflare_allows() -> None:
    assert not is_job_late(10 * MINUTE, pending=1)
    assert is_job_late(10 * MINUTE + 1, pending=1)
    assert not is_job_late(60 * MINUTE, pending=900, starts_per_minute=15)
    assert is_job_late(71 * MINUTE, pending=900, starts_per_minute=15)


def test_a_delivery_is_late_after_minutes() -> None:
    assert not is_delivery_late(10 * MINUTE)
    assert is_delivery_late(10 * MINUTE + 1)
