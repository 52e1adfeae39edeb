"""Delays before a failed attempt is repeated. The caller passes the current time and a random number."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.instants import HOUR, MINUTE, SECOND

MAX_JITTER: Final = 0.2
"""Jitter only lengthens a delay, by up to a fifth: a schedule promises the earliest moment."""

_MAX_OUTAGE_DELAY_MS: Final = 5 * MINUTE
_JOB_DELAYS_MS: Final = (1 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 1 * HOUR)
_MAX_CLOUDFLARE_DELAY_MS: Final = 4 * HOUR


def add_jitter(delay_ms: int, random_fraction: float) -> int:
    """Lengthen a delay by up to MAX_JITTER of it; `random_fraction` is a random number in [0, 1)."""
    return delay_ms + int(delay_ms * MAX_JITTER * random_fraction)


def next_attempt_at(delays_ms: Sequence[int], failed_attempts: int, now: int, random_fraction: float) -> int | None:
    """Return when a delivery is due again after `failed_attempts` failures, or None when its schedule has ended."""
    if failed_attempts >= len(delays_ms):
        return None
    return now + add_jitter(delays_ms[failed_attempts], random_fraction)


def job_delay_ms(attempts: int, random_fraction: float, *, is_outage: bool) -> int:
    """Return the milliseconds until a job's next attempt, after `attempts` of them.

    During an outage (the service could not be reached at all) the delays stay short, because the work can go on as
    soon as the service is back; after any other failure they grow further.
    """
    if is_outage:
        return add_jitter(min(SECOND << min(attempts - 1, 20), _MAX_OUTAGE_DELAY_MS), random_fraction)
    return add_jitter(_JOB_DELAYS_MS[min(attempts, len(_JOB_DELAYS_MS)) - 1], random_fraction)


def cloudflare_backoff_ms(check: int, first_delay_ms: int) -> int:
    """Return the wait after check number `check` (from 0) of a waiting domain, like Cloudflare's validation backoff.

    Retry n waits min(60·kⁿ, 14400) seconds, k = 1.05 below ten and 1.15 from there on (Cloudflare for SaaS,
    "Validation backoff schedule"). Here `first_delay_ms` replaces the 60 s; the cap is the same 4 hours.
    """
    # At 200 checks every first delay has reached the cap; a much larger exponent would overflow a float.
    factor = 1.05**check if check < 10 else 1.15 ** min(check, 200)
    return min(int(first_delay_ms * factor), _MAX_CLOUDFLARE_DELAY_MS)
