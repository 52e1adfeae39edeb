"""When a domain's registration at Cloudflare comes, in the line of all that wait for theirs."""

from typing import Literal

from msgspec import Struct

from dcvd.core.instants import MINUTE
from dcvd.core.jobs import Job

PlaceState = Literal["queued", "retrying", "failed"]


class Place(Struct, frozen=True, kw_only=True):
    """How far the registration of a domain is that Cloudflare does not have yet.

    `queued`: it comes in its turn, or is about to be put in the line again (then without a position). `retrying`: it
    was tried, and is tried again at `expected_at` (milliseconds) or soon after. `failed`: it was given up, and nothing
    happens until it is retried. `position` counts from 1, the next one.
    """

    state: PlaceState
    position: int | None = None
    expected_at: int | None = None


def again(expected_at: int) -> Place:
    """Of a hostname that was deleted at Cloudflare, from when on it is registered again."""
    return Place(state="queued", expected_at=expected_at)


FAILED = Place(state="failed")


def place(job: Job, before: int, per_minute: int, now: int) -> Place:
    """The place of a pending job that `before` others come before; `per_minute` 0 is no limit."""
    wait = before * MINUTE // per_minute if per_minute else 0
    return Place(
        state="retrying" if job.attempts else "queued",
        position=before + 1,
        expected_at=max(now + wait, job.next_attempt_at or 0),
    )
