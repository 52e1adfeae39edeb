"""Deliveries and their attempts: what is owed, how each try went, and what follows from it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.http_exchanges import POSSIBLY_OUR_FAULT, FailureReason, Timings
from dcvd.core.retry_delays import next_attempt_at


class DeliveryState(StrEnum):
    """What is owed of a delivery. In flight is not a state: after a crash what was in flight is simply due again.

    `pending` of a disabled endpoint is what tenants see as `held`. `dropped`: not sent, because its event had expired
    or the tenant did not want it any more.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class DeliveryStatus(StrEnum):
    """A delivery's state as tenants see it."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class Delivery(Struct, frozen=True, kw_only=True):
    """One event for one endpoint.

    `next_attempt_at` is None when it has ended, and while it waits behind an earlier event of its domain. `attempts`
    counts all that were made, `attempts_before` those made before its schedule was last begun.
    """

    id: str
    org_id: str
    endpoint_id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    sequence: int
    state: DeliveryState
    attempts: int
    attempts_before: int
    next_attempt_at: int | None
    last_error: str | None
    created_at: int
    updated_at: int


class DueDelivery(Struct, frozen=True, kw_only=True):
    """Everything that one attempt needs beside its endpoint's settings."""

    id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    attempts: int
    attempts_before: int
    expires_at: int | None
    body: bytes


class AttemptOutcome(StrEnum):
    """The error class of an attempt: only a 2xx is a success, a redirect is a failure."""

    DELIVERED = "delivered"
    HTTP_ERROR = "http_error"
    REDIRECT = "redirect"
    GONE = "gone"
    REFUSED_BY_POLICY = "refused_by_policy"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    INTERNAL = "internal"


class Attempt(Struct, frozen=True, kw_only=True):
    """One HTTP try of a delivery; `response_body` is at most the first 1 KiB of the answer's body.

    `started_at` in milliseconds since the epoch, `retry_after_ms` in milliseconds. `reason` is finer than `outcome`
    where no answer came; `response_headers` are those of the answer that say something about it, their names in lower
    case.
    """

    delivery_id: str
    number: int
    started_at: int
    timings: Timings
    outcome: AttemptOutcome
    reason: FailureReason | None = None
    status_code: int | None = None
    error: str | None = None
    response_headers: Mapping[str, str] = {}
    response_body: bytes = b""
    remote_ip: str | None = None
    retry_after_ms: int | None = None


class NextAttemptReason(StrEnum):
    """Why the next attempt is when it is, or why there is none."""

    DELIVERED = "delivered"
    SCHEDULE = "schedule"
    RETRY_AFTER = "retry_after"
    GONE = "gone"
    SCHEDULE_ENDED = "schedule_ended"
    ONCE = "once"


class AttemptConsequence(Struct, frozen=True, kw_only=True):
    """What follows from an attempt for its delivery; `next_attempt_at` is None when it has ended."""

    state: DeliveryState
    next_attempt_at: int | None
    reason: NextAttemptReason


GONE_STATUS: Final = 410
PAUSE_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Answers that speak of the endpoint as a whole, not of one delivery (Standard Webhooks)."""


def outcome_of(status: int) -> AttemptOutcome:
    """What an HTTP status means for a delivery (Standard Webhooks: 2xx only is a success, 410 ends it)."""
    if 200 <= status < 300:
        return AttemptOutcome.DELIVERED
    if status == GONE_STATUS:
        return AttemptOutcome.GONE
    if 300 <= status < 400:
        return AttemptOutcome.REDIRECT
    return AttemptOutcome.HTTP_ERROR


def decide_next_attempt(
    attempt: Attempt, attempts_before: int, delays_ms: Sequence[int], now: int, random_fraction: float
) -> AttemptConsequence:
    """Delivered, due again by the schedule, or a dead letter once that has ended.

    `Retry-After` is a floor: it puts the next attempt off, and never brings it forward.
    """
    match attempt.outcome:
        case AttemptOutcome.DELIVERED:
            return AttemptConsequence(
                state=DeliveryState.DELIVERED, next_attempt_at=None, reason=NextAttemptReason.DELIVERED
            )
        case AttemptOutcome.GONE:
            return AttemptConsequence(state=DeliveryState.DEAD, next_attempt_at=None, reason=NextAttemptReason.GONE)
        case _:
            due = next_attempt_at(delays_ms, attempt.number - attempts_before, now, random_fraction)
    if due is None:
        return AttemptConsequence(
            state=DeliveryState.DEAD, next_attempt_at=None, reason=NextAttemptReason.SCHEDULE_ENDED
        )
    if attempt.retry_after_ms is not None and now + attempt.retry_after_ms > due:
        due = now + attempt.retry_after_ms
        return AttemptConsequence(
            state=DeliveryState.PENDING, next_attempt_at=due, reason=NextAttemptReason.RETRY_AFTER
        )
    return AttemptConsequence(state=DeliveryState.PENDING, next_attempt_at=due, reason=NextAttemptReason.SCHEDULE)


def is_receiver_at_fault(attempt: Attempt) -> bool:
    """Whether a failed attempt says something about the endpoint, and not perhaps about dcvd's own machine."""
    return attempt.outcome is not AttemptOutcome.INTERNAL and attempt.reason not in POSSIBLY_OUR_FAULT


def status_of(state: DeliveryState, *, is_enabled: bool) -> DeliveryStatus:
    """A delivery's state as its tenant sees it; `is_enabled`: whether its endpoint is."""
    match state:
        case DeliveryState.PENDING:
            return DeliveryStatus.PENDING if is_enabled else DeliveryStatus.HELD
        case DeliveryState.DELIVERED:
            return DeliveryStatus.DELIVERED
        case DeliveryState.DEAD:
            return DeliveryStatus.DEAD
        case DeliveryState.DROPPED:
            return DeliveryStatus.DROPPED
        case _:
            assert_never(state)
