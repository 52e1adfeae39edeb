"""What an endpoint may settle for its own deliveries, beside what the operator has configured for all."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.durations import format_duration, parse_duration
from dcvd.core.instants import DAY, SECOND
from dcvd.core.retry_delays import add_jitter
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import InvalidInput

MIN_TIMEOUT_S: Final = 1
MAX_TIMEOUT_S: Final = 30
MAX_ATTEMPTS: Final = 30
MAX_SCHEDULE_MS: Final = 7 * DAY
_MAX_SHOWN_CHARS: Final = 40


def validate_timeout(seconds: int | None) -> int | None:
    """Return the milliseconds within which an endpoint has to answer; None: the operator's. Raises InvalidInput."""
    if seconds is None:
        return None
    if not MIN_TIMEOUT_S <= seconds <= MAX_TIMEOUT_S:
        message = (
            f"timeoutSeconds is {seconds}; give a whole number from {MIN_TIMEOUT_S} to {MAX_TIMEOUT_S}, or null for "
            "the time that the operator has set."
        )
        raise InvalidInput("timeoutSeconds", message)
    return seconds * SECOND


def choose_timeout_ms(endpoint: Endpoint, default_ms: int) -> int:
    """Return the milliseconds within which an endpoint has to answer; `default_ms` is the operator's."""
    return default_ms if endpoint.timeout_ms is None else endpoint.timeout_ms


def validate_schedule(delays: Sequence[str] | None) -> tuple[int, ...] | None:
    """Return the delays before each attempt in milliseconds; None: the operator's. Raises InvalidInput."""
    if delays is None:
        return None
    if not 1 <= len(delays) <= MAX_ATTEMPTS:
        message = (
            f"retrySchedule has {len(delays)} entries; give 1 to {MAX_ATTEMPTS}, the delay before each attempt, or "
            "null for the schedule that the operator has set."
        )
        raise InvalidInput("retrySchedule", message)
    delays_ms = tuple(_read_delay(f"retrySchedule[{index}]", delay) for index, delay in enumerate(delays))
    if sum(delays_ms) > MAX_SCHEDULE_MS:
        total, most = format_duration(sum(delays_ms)), format_duration(MAX_SCHEDULE_MS)
        message = f"retrySchedule has {total} in all; {most} are allowed."
        raise InvalidInput("retrySchedule", message)
    return delays_ms


def choose_schedule(endpoint: Endpoint, default_ms: tuple[int, ...]) -> tuple[int, ...]:
    """Return the delays before each attempt to an endpoint, in milliseconds; `default_ms` are the operator's."""
    return default_ms if endpoint.retry_schedule is None else endpoint.retry_schedule


def plan_again(schedule: Sequence[int], failed_attempts: int, since: int, random_fraction: float) -> int:
    """Return when a delivery is due that waits, after its schedule has changed to this one.

    since: when the last attempt ended or, where none was made, the event happened. One that has made all of its
    attempts already gets another one, after the last delay: nobody loses an event by the change itself.
    """
    return since + add_jitter(schedule[min(failed_attempts, len(schedule) - 1)], random_fraction)


def _read_delay(field: str, delay: str) -> int:
    try:
        return parse_duration(delay)
    except ValueError as error:
        message = f'{field} is {delay[:_MAX_SHOWN_CHARS]!r}; give an integer and one of ms, s, m, h, d, such as "30s".'
        raise InvalidInput(field, message) from error
