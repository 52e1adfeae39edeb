"""An endpoint's health: what its attempts say of it, and when it is given up. Pure, and stored with every change.

Certificate events are sparse: a count alone would give up an endpoint within a minute of a burst, and elapsed time
alone after two lonely failures. So every verdict needs both.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.instants import DAY, MINUTE
from dcvd.core.webhooks.deliveries import PAUSE_STATUSES, Attempt, AttemptOutcome, is_receiver_at_fault

FAILING_AFTER_MS: Final = 5 * MINUTE
FAILING_ATTEMPTS: Final = 5
EXHAUSTED_AFTER_MS: Final = 5 * DAY
EXHAUSTED_ATTEMPTS: Final = 10
_FIRST_PAUSE_MS: Final = 250  # milliseconds; doubled for each answer in a row that asks for a pause
_MOST_DOUBLINGS: Final = 40


class HealthState(StrEnum):
    """What dcvd thinks of an endpoint; nothing is sent to one that is disabled."""

    HEALTHY = "healthy"
    FAILING = "failing"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Who or what disabled an endpoint: its tenant, its own 410, or days without one success."""

    MANUAL = "manual"
    GONE = "gone"
    EXHAUSTED = "exhausted"


class HealthChange(StrEnum):
    """What is told to the organization's other endpoints."""

    FAILING = "failing"
    RECOVERED = "recovered"
    DISABLED = "disabled"


class EndpointHealth(Struct, frozen=True, kw_only=True):
    """`failures` counts the failed attempts since the last success, `failing_since` is when the first of them ended.

    `pauses` counts the answers in a row that asked for a pause; until `paused_until` nothing is sent.
    """

    state: HealthState = HealthState.HEALTHY
    reason: DisabledReason | None = None
    failures: int = 0
    failing_since: int | None = None
    last_error: str | None = None
    pauses: int = 0
    paused_until: int | None = None

    @property
    def is_enabled(self) -> bool:
        return self.state is not HealthState.DISABLED


def disable(health: EndpointHealth, reason: DisabledReason) -> EndpointHealth:
    """Nothing is sent from now on; what is owed is held."""
    return replace(health, state=HealthState.DISABLED, reason=reason, pauses=0, paused_until=None)


def apply_attempt(
    health: EndpointHealth, attempt: Attempt, retry_delay_ms: int, now: int
) -> tuple[EndpointHealth, HealthChange | None]:
    """What an attempt says of its endpoint.

    `retry_delay_ms` is the milliseconds that the retry schedule itself would wait.
    """
    if not health.is_enabled:
        # It was disabled while the attempt was under way; enabling it again is its tenant's to do.
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
    lasted = now - (failed.failing_since or now)
    if failed.failures >= EXHAUSTED_ATTEMPTS and lasted >= EXHAUSTED_AFTER_MS:
        return disable(failed, DisabledReason.EXHAUSTED), HealthChange.DISABLED
    if health.state is HealthState.HEALTHY and failed.failures >= FAILING_ATTEMPTS and lasted >= FAILING_AFTER_MS:
        return replace(failed, state=HealthState.FAILING), HealthChange.FAILING
    return failed, None


def _count_failure(health: EndpointHealth, attempt: Attempt, now: int) -> EndpointHealth:
    return replace(
        health,
        failures=health.failures + 1,
        failing_since=now if health.failing_since is None else health.failing_since,
        last_error=attempt.error,
    )


def _apply_pause(health: EndpointHealth, attempt: Attempt, retry_delay_ms: int, now: int) -> EndpointHealth:
    """A pause for 429, 502, 503 and 504; `Retry-After` overrides, and is bounded where it is read."""
    if attempt.status_code not in PAUSE_STATUSES:
        return replace(health, pauses=0)
    in_row = health.pauses
    if health.paused_until is None or attempt.started_at >= health.paused_until:
        # Answers to what was sent before the pause began are one with the answer that began it.
        in_row += 1
    pause = min(_FIRST_PAUSE_MS << min(in_row, _MOST_DOUBLINGS), retry_delay_ms)
    if attempt.retry_after_ms is not None:
        pause = attempt.retry_after_ms
    until = now + pause
    if in_row == health.pauses and health.paused_until is not None:
        until = max(until, health.paused_until)
    return replace(health, pauses=in_row, paused_until=until)
