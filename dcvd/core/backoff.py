"""When a failed try is made again. Pure: the caller gives the clock and the random number."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.instants import HOUR, MINUTE, SECOND

MAX_JITTER: Final = 0.2
"""Jitter only ever adds, up to a fifth: a schedule is a promise of the earliest moment."""

_OUTAGE_CAP: Final = 5 * MINUTE
_JOB_SCHEDULE: Final = (1 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 1 * HOUR)
_CLOUDFLARE_CAP: Final = 4 * HOUR


def jittered(delay: int, fraction: float) -> int:
    """`delay` plus up to MAX_JITTER of it; `fraction` is a random number in [0, 1). Milliseconds."""
    return delay + int(delay * MAX_JITTER * fraction)


def next_attempt(schedule: Sequence[int], attempts: int, now: int, fraction: float) -> int | None:
    """When a delivery with `attempts` failed tries is due again, or None when its schedule has ended."""
    if attempts >= len(schedule):
        return None
    return now + jittered(schedule[attempts], fraction)


def job_delay(attempts: int, fraction: float, *, outage: bool) -> int:
    """Milliseconds until a job's next try after `attempts` tries.

    An outage (the service was not there at all) is waited out in short steps, because the work can go on the moment
    that it is back; any other failure backs off further each time.
    """
    if outage:
        return jittered(min(SECOND << min(attempts - 1, 20), _OUTAGE_CAP), fraction)
    return jittered(_JOB_SCHEDULE[min(attempts, len(_JOB_SCHEDULE)) - 1], fraction)


def cloudflare_step(look: int, first: int) -> int:
    """The wait after a waiting domain's `look`-th look (from 0), following Cloudflare's own validation backoff.

    Retry n waits min(60·kⁿ, 14400) seconds, k = 1.05 below ten and 1.15 from there on (Cloudflare for SaaS,
    "Validation backoff schedule"); `first` milliseconds stand for its 60 s, the cap is the same 4 hours.
    """
    # Far enough for any first step to have reached the cap, and no further than a float goes.
    factor = 1.05**look if look < 10 else 1.15 ** min(look, 200)
    return min(int(first * factor), _CLOUDFLARE_CAP)
