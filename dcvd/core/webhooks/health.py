"""The health of endpoints: how attempts change it, and when an endpoint is disabled.

Certificate events are sparse. A count of failures alone would disable an endpoint within a minute of a burst, and
elapsed time alone after two single failures, so both have to reach their limit.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.instants import DAY, MINUTE
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, is_receiver_at_fault

FAILING_AFTER_MS: Final = 5 * MINUTE
FAILING_ATTEMPTS: Final = 5
EXHAUSTED_AFTER_MS: Final = 5 * DAY
EXHAUSTED_ATTEMPTS: Final = 10
_FIRST_PAUSE_MS: Final = 250  # doubled for each answer in a row that asks for a pause
_MAX_PAUSE_DOUBLINGS: Final = 40


class HealthState(StrEnum):
    """The health of an endpoint; nothing is sent to a disabled one."""

    HEALTHY = "healthy"
    FAILING = "failing"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why an endpoint was disabled: by its tenant, by its own 410, or after days without a success."""

    MANUAL = "manual"
    GONE = "gone"
    EXHAUSTED = "exhausted"


class EndpointCondition(StrEnum):
    """What lists of endpoints are filtered by: their health, or that nothing is sent for a while, as they asked."""

    HEALTHY = "healthy"
    FAILING = "failing"
    DISABLED = "disabled"
    PAUSED = "paused"


class HealthChange(StrEnum):
    """A change of health that is reported to the organization's other endpoints."""

    FAILING = "failing"
    RECOVERED = "recovered"
    DISABLED = "disabled"


class EndpointHealth(Struct, frozen=True, kw_only=True):
    """The health of an endpoint, as it is stored.

    `failures` counts the failed attempts since the last success, and `failing_since` is when the first of them ended;
    `last_error` and `last_status_code` are those of the last of them, the latter None where no answer came.
    `pauses` counts the answers in a row that asked for a pause; nothing is sent until `paused_until`.
    """

    state: HealthState = HealthState.HEALTHY
    reason: DisabledReason | None = None
    failures: int = 0
    failing_since: int | None = None
    last_error: str | None = None
    pauses: int = 0
    paused_until: int | None = None
    last_status_code: int | None = None

    @property
    def is_enabled(self) -> bool:
        return self.state is not HealthState.DISABLED


def is_in_condition(health: EndpointHealth, condition: EndpointCondition, now: int) -> bool:
    """Whether an endpoint is in a condition; a pause that has ended is none."""
    if condition is EndpointCondition.PAUSED:
        return health.paused_until is not None and health.paused_until > now
    return health.state == condition.value


def disable(health: EndpointHealth, reason: DisabledReason) -> EndpointHealth:
    """Return the health of an endpoint that is disabled from now on; its pending deliveries are held."""
    return replace(health, state=HealthState.DISABLED, reason=reason, pauses=0, paused_until=None)


def apply_attempt(
    health: EndpointHealth, attempt: Attempt, retry_delay_ms: int, now: int, *, is_time_confirmed: bool = True
) -> tuple[EndpointHealth, HealthChange | None]:
    """Return the endpoint's health after an attempt, and the change to report, if any.

    `retry_delay_ms` is the delay that the retry schedule itself would make. By a time that nothing confirms, nobody has
    failed for long.
    """
    if not health.is_enabled:
        # It was disabled while the attempt was in flight, and only its tenant may enable it again.
        return health, None
    if attempt.outcome is AttemptOutcome.DELIVERED:
        change = HealthChange.RECOVERED if health.state is HealthState.FAILING else None
        return EndpointHealth(), change
    if attempt.outcome is AttemptOutcome.GONE:
        failed = _count_failure(health, attempt, now)
        return disable(failed, DisabledReason.GONE), HealthChange.DISABLED
    if not is_receiver_at_fault(attempt):
        return health, None
    failed = _apply_pause(_count_failure(health, attempt, now), attempt, retry_delay_ms, now)
    if not is_time_confirmed:
        return failed, None
    failing_ms = now - (failed.failing_since or now)
    if failed.failures >= EXHAUSTED_ATTEMPTS and failing_ms >= EXHAUSTED_AFTER_MS:
        return disable(failed, DisabledReason.EXHAUSTED), HealthChange.DISABLED
    return apply_time(failed, now)


def apply_time(health: EndpointHealth, now: int) -> tuple[EndpointHealth, HealthChange | None]:
    """Return the endpoint's health at an instant: a healthy one that failed for long enough is failing.

    Disabling it takes a failure, so that nobody is given up for what was long ago.
    """
    failing_ms = now - (health.failing_since or now)
    if health.state is HealthState.HEALTHY and health.failures >= FAILING_ATTEMPTS and failing_ms >= FAILING_AFTER_MS:
        return replace(health, state=HealthState.FAILING), HealthChange.FAILING
    return health, None


def _count_failure(health: EndpointHealth, attempt: Attempt, now: int) -> EndpointHealth:
    return replace(
        health,
        failures=health.failures + 1,
        failing_since=now if health.failing_since is None else health.failing_since,
        last_error=attempt.error,
        last_status_code=attempt.status_code,
    )


def _apply_pause(health: EndpointHealth, attempt: Attempt, retry_delay_ms: int, now: int) -> EndpointHealth:
    """Apply the pause that a status asks for; `Retry-After`, limited where it is parsed, can only make it longer."""
    if attempt.status_code is None or not meaning_of(attempt.status_code).pauses_endpoint:
        return replace(health, pauses=0)
    pauses = health.pauses
    if health.paused_until is None or attempt.started_at >= health.paused_until:
        # Answers to requests from before the pause count as one with the answer that started it.
        pauses += 1
    pause_ms = min(_FIRST_PAUSE_MS << min(pauses, _MAX_PAUSE_DOUBLINGS), retry_delay_ms)
    pause_ms = max(pause_ms, attempt.retry_after_ms or 0)
    paused_until = now + pause_ms
    if pauses == health.pauses and health.paused_until is not None:
        paused_until = max(paused_until, health.paused_until)
    return replace(health, pauses=pauses, paused_until=paused_until)
