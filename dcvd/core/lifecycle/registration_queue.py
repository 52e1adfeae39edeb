"""When a domain's registration at Cloudflare comes, in the line of all that wait for theirs."""

from typing import Literal

from msgspec import Struct

from dcvd.core.instants import MINUTE
from dcvd.core.jobs import Job

QueueState = Literal["queued", "retrying", "failed"]


class QueuePosition(Struct, frozen=True, kw_only=True):
    """How far the registration of a domain is that Cloudflare does not have yet.

    `queued`: it comes in its turn, or is about to be put in the line again (then without a position). `retrying`: it
    was tried, and is tried again at `expected_at` (milliseconds) or soon after. `failed`: it was given up, and nothing
    happens until it is retried. `position` counts from 1, the next one.
    """

    state: QueueState
    position: int | None = None
    expected_at: int | None = None


def reregistration_position(expected_at: int) -> QueuePosition:
    """Of a hostname that was deleted at Cloudflare, from when on it is registered again."""
    return QueuePosition(state="queued", expected_at=expected_at)


FAILED_POSITION = QueuePosition(state="failed")


def queue_position(job: Job, jobs_ahead: int, registrations_per_minute: int, now: int) -> QueuePosition:
    """The place of a pending job that `jobs_ahead` others come before; `registrations_per_minute` 0 is no limit."""
    wait = jobs_ahead * MINUTE // registrations_per_minute if registrations_per_minute else 0
    return QueuePosition(
        state="retrying" if job.attempts else "queued",
        position=jobs_ahead + 1,
        expected_at=max(now + wait, job.next_attempt_at or 0),
    )
