"""The registration queue: when a domain is registered at Cloudflare, after those that wait before it."""

from typing import Literal

from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.instants import MINUTE
from dcvd.core.jobs import Job

QueueState = Literal["queued", "retrying", "dead"]


class QueuePosition(Struct, frozen=True, kw_only=True):
    """The position in the queue of a domain that Cloudflare does not have yet.

    state: `queued` waits for its turn, or is about to be queued again and has no position. `retrying` has failed and is
        tried again. `dead` was given up, and nothing happens until somebody retries it.
    position: counts from 1, which is the next. expected_at: when the attempt is expected, or soon after; milliseconds.
    """

    state: QueueState
    position: int | None = None
    expected_at: int | None = None


def may_be_queued(domain: Domain) -> bool:
    """Whether a domain may have a position: Cloudflare does not have it, it is not parked, and not dormant."""
    return domain.cf_id is None and not domain.is_parked and domain.dormant_since is None


def reregistration_position(expected_at: int) -> QueuePosition:
    """Return the position of a hostname that was deleted at Cloudflare and is registered again at `expected_at`."""
    return QueuePosition(state="queued", expected_at=expected_at)


DEAD_POSITION = QueuePosition(state="dead")


def queue_position(job: Job, jobs_ahead: int, registrations_per_minute: int, now: int) -> QueuePosition:
    """Return the position of a pending job behind `jobs_ahead` others; `registrations_per_minute` 0 is no limit."""
    wait_ms = jobs_ahead * MINUTE // registrations_per_minute if registrations_per_minute else 0
    return QueuePosition(
        state="retrying" if job.has_failed else "queued",
        position=jobs_ahead + 1,
        expected_at=max(now + wait_ms, job.next_attempt_at or 0),
    )
