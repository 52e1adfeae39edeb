"""An endpoint's health: what its attempts say of it, and when it is given up. Pure, and stored with every change.

Certificate events are sparse: a count alone would give up an endpoint within a minute of a burst, and elapsed time
alone after two lonely failures. So every verdict needs both.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.instants import DAY, MINUTE
from dcvd.core.webhooks.deliveries import PAUSING, Attempt, AttemptOutcome, blames_receiver

FAILING_AFTER: Final = 5 * MINUTE
FAILING_ATTEMPTS: Final = 5
EXHAUSTED_AFTER: Final = 5 * DAY
EXHAUSTED_ATTEMPTS: Final = 10
_PAUSE: Final = 250  # milliseconds; doubled for each answer in a row that asks for a pause
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


class Health(Struct, frozen=True, kw_only=True):
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
    def enabled(self) -> bool:
        return self.state is not HealthState.DISABLED


def disabled(health: Health, reason: DisabledReason) -> Health:
    """Nothing is sent from now on; what is owed is held."""
    return replace(health, state=HealthState.DISABLED, reason=reason, pauses=0, paused_until=None)


def after_attempt(health: Health, attempt: Attempt, delay: int, now: int) -> tuple[Health, HealthChange | None]:
    """What an attempt says of its endpoint; `delay` is the milliseconds that the retry schedule itself would wait."""
    if not health.enabled:
        # It was disabled while the attempt was under way; enabling it again is its tenant's to do.
        return health, None
    if attempt.outcome is AttemptOutcome.DELIVERED:
        change = HealthChange.RECOVERED if health.state is HealthState.FAILING else None
        return Health(), change
    if attempt.outcome is AttemptOutcome.GONE:
        failed = _failed(health, attempt, now)
        return disabled(failed, DisabledReason.GONE), HealthChange.DISABLED
    if not blames_receiver(attempt):
        return health, None
    failed = _paused(_failed(health, attempt, now), attempt, delay, now)
    lasted = now - (failed.failing_since or now)
    if failed.failures >= EXHAUSTED_ATTEMPTS and lasted >= EXHAUSTED_AFTER:
        return disabled(failed, DisabledReason.EXHAUSTED), HealthChange.DISABLED
    if health.state is HealthState.HEALTHY and failed.failures >= FAILING_ATTEMPTS and lasted >= FAILING_AFTER:
        return replace(failed, state=HealthState.FAILING), HealthChange.FAILING
    return failed, None


def _failed(health: Health, attempt: Attempt, now: int) -> Health:
    return replace(
        health,
        failures=health.failures + 1,
        failing_since=now if health.failing_since is None else health.failing_since,
        last_error=attempt.error,
    )


def _paused(health: Health, attempt: Attempt, delay: int, now: int) -> Health:
    """A pause for 429, 502, 503 and 504; `Retry-After` overrides, and is bounded where it is read."""
    if attempt.status_code not in PAUSING:
        return replace(health, pauses=0)
    in_row = health.pauses
    if health.paused_until is None or attempt.started_at >= health.paused_until:
        # Answers to what was sent before the pause began are one with the answer that began it.
        in_row += 1
    pause = min(_PAUSE << min(in_row, _MOST_DOUBLINGS), delay)
    if attempt.retry_after is not None:
        pause = attempt.retry_after
    until = now + pause
    if in_row == health.pauses and health.paused_until is not None:
        until = max(until, health.paused_until)
    return replace(health, pauses=in_row, paused_until=until)
