"""Deliveries and their attempts: what is owed, how each try went, and what follows from it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.backoff import next_attempt
from dcvd.core.events import EventType
from dcvd.core.http_exchanges import PERHAPS_OURS, FailureReason, Timings


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
    """One HTTP try of a delivery; `response` is at most the first 1 KiB of the answer's body.

    `started_at` in milliseconds since the epoch, `retry_after` in milliseconds. `reason` is finer than `outcome` where
    no answer came; `headers` are those of the answer that say something about it, their names in lower case.
    """

    delivery_id: str
    number: int
    started_at: int
    timings: Timings
    outcome: AttemptOutcome
    reason: FailureReason | None = None
    status_code: int | None = None
    error: str | None = None
    headers: Mapping[str, str] = {}
    response: bytes = b""
    remote_ip: str | None = None
    retry_after: int | None = None


class NextReason(StrEnum):
    """Why the next attempt is when it is, or why there is none."""

    DELIVERED = "delivered"
    SCHEDULE = "schedule"
    RETRY_AFTER = "retry_after"
    GONE = "gone"
    SCHEDULE_ENDED = "schedule_ended"
    ONCE = "once"


class Consequence(Struct, frozen=True, kw_only=True):
    """What follows from an attempt for its delivery; `next_attempt_at` is None when it has ended."""

    state: DeliveryState
    next_attempt_at: int | None
    reason: NextReason


GONE: Final = 410
PAUSING: Final = frozenset({429, 502, 503, 504})
"""Answers that speak of the endpoint as a whole, not of one delivery (Standard Webhooks)."""


def outcome_of(status: int) -> AttemptOutcome:
    """What an HTTP status means for a delivery (Standard Webhooks: 2xx only is a success, 410 ends it)."""
    if 200 <= status < 300:
        return AttemptOutcome.DELIVERED
    if status == GONE:
        return AttemptOutcome.GONE
    if 300 <= status < 400:
        return AttemptOutcome.REDIRECT
    return AttemptOutcome.HTTP_ERROR


def what_follows(
    attempt: Attempt, attempts_before: int, schedule: Sequence[int], now: int, fraction: float
) -> Consequence:
    """Delivered, due again by the schedule, or a dead letter once that has ended.

    `Retry-After` is a floor: it puts the next attempt off, and never brings it forward.
    """
    match attempt.outcome:
        case AttemptOutcome.DELIVERED:
            return Consequence(state=DeliveryState.DELIVERED, next_attempt_at=None, reason=NextReason.DELIVERED)
        case AttemptOutcome.GONE:
            return Consequence(state=DeliveryState.DEAD, next_attempt_at=None, reason=NextReason.GONE)
        case _:
            due = next_attempt(schedule, attempt.number - attempts_before, now, fraction)
    if due is None:
        return Consequence(state=DeliveryState.DEAD, next_attempt_at=None, reason=NextReason.SCHEDULE_ENDED)
    if attempt.retry_after is not None and now + attempt.retry_after > due:
        due = now + attempt.retry_after
        return Consequence(state=DeliveryState.PENDING, next_attempt_at=due, reason=NextReason.RETRY_AFTER)
    return Consequence(state=DeliveryState.PENDING, next_attempt_at=due, reason=NextReason.SCHEDULE)


def blames_receiver(attempt: Attempt) -> bool:
    """Whether a failed attempt says something about the endpoint, and not perhaps about dcvd's own machine."""
    return attempt.outcome is not AttemptOutcome.INTERNAL and attempt.reason not in PERHAPS_OURS


def status_of(state: DeliveryState, *, enabled: bool) -> DeliveryStatus:
    """A delivery's state as its tenant sees it; `enabled`: whether its endpoint is."""
    match state:
        case DeliveryState.PENDING:
            return DeliveryStatus.PENDING if enabled else DeliveryStatus.HELD
        case DeliveryState.DELIVERED:
            return DeliveryStatus.DELIVERED
        case DeliveryState.DEAD:
            return DeliveryStatus.DEAD
        case DeliveryState.DROPPED:
            return DeliveryStatus.DROPPED
        case _:
            assert_never(state)
