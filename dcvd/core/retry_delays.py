"""When a failed try is made again. Pure: the caller gives the clock and the random number."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.instants import HOUR, MINUTE, SECOND

MAX_JITTER: Final = 0.2
"""Jitter only ever adds, up to a fifth: a schedule is a promise of the earliest moment."""

_LONGEST_OUTAGE_DELAY_MS: Final = 5 * MINUTE
_JOB_DELAYS_MS: Final = (1 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 1 * HOUR)
_LONGEST_CLOUDFLARE_DELAY_MS: Final = 4 * HOUR


def add_jitter(delay_ms: int, random_fraction: float) -> int:
    """`delay_ms` plus up to MAX_JITTER of it; `random_fraction` is a random number in [0, 1). Milliseconds."""
    return delay_ms + int(delay_ms * MAX_JITTER * random_fraction)


def next_attempt_at(delays_ms: Sequence[int], failed_attempts: int, now: int, random_fraction: float) -> int | None:
    """When a delivery with `failed_attempts` failed tries is due again, or None when its schedule has ended."""
    if failed_attempts >= len(delays_ms):
        return None
    return now + add_jitter(delays_ms[failed_attempts], random_fraction)


def job_delay_ms(attempts: int, random_fraction: float, *, is_outage: bool) -> int:
    """Milliseconds until a job's next try after `attempts` tries.

    An outage (the service was not there at all) is waited out in short steps, because the work can go on the moment
    that it is back; any other failure backs off further each time.
    """
    if is_outage:
        return add_jitter(min(SECOND << min(attempts - 1, 20), _LONGEST_OUTAGE_DELAY_MS), random_fraction)
    return add_jitter(_JOB_DELAYS_MS[min(attempts, len(_JOB_DELAYS_MS)) - 1], random_fraction)


def cloudflare_backoff_ms(check: int, first_delay_ms: int) -> int:
    """The wait after a waiting domain's `check`-th look (from 0), following Cloudflare's own validation backoff.

    Retry n waits min(60·kⁿ, 14400) seconds, k = 1.05 below ten and 1.15 from there on (Cloudflare for SaaS,
    "Validation backoff schedule"); `first_delay_ms` milliseconds stand for its 60 s, the cap is the same 4 hours.
    """
    # Far enough for any first step to have reached the cap, and no further than a float goes.
    factor = 1.05**check if check < 10 else 1.15 ** min(check, 200)
    return min(int(first_delay_ms * factor), _LONGEST_CLOUDFLARE_DELAY_MS)
