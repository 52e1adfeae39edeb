"""When work is so late that somebody has to be told.

What waits because it has to, by a limit of Cloudflare's, is not late.
"""

from typing import Final

from dcvd.core.instants import HOUR, MINUTE, Milliseconds
from dcvd.core.lifecycle.schedule import CheckLane

_CHECKS_LATE_MS: Final = {
    CheckLane.WAITING: 15 * MINUTE,
    CheckLane.ROUTINE: 2 * HOUR,
    CheckLane.FAILING: 2 * HOUR,
}
_JOBS_LATE_MS: Final = 10 * MINUTE
_DELIVERIES_LATE_MS: Final = 10 * MINUTE


def is_check_late(lane: CheckLane, late_ms: Milliseconds) -> bool:
    """Whether the check that waits longest in a lane has been due for too long."""
    return late_ms > _CHECKS_LATE_MS[lane]


def is_job_late(late_ms: Milliseconds, *, pending: int, starts_per_minute: int = 0) -> bool:
    """Whether the job of a kind that waits longest has been due for too long.

    pending: how many of the kind wait. starts_per_minute: how many Cloudflare lets start; 0 where nothing limits them.
    """
    allowed_ms = pending * MINUTE // starts_per_minute if starts_per_minute else 0
    return late_ms > _JOBS_LATE_MS + allowed_ms


def is_delivery_late(late_ms: Milliseconds) -> bool:
    """Whether the delivery to a healthy endpoint that waits longest has been due for too long."""
    return late_ms > _DELIVERIES_LATE_MS
