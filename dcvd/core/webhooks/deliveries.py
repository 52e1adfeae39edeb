"""Deliveries and their attempts: their states, their outcomes, and when the next attempt is made."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.http.exchanges import POSSIBLY_OUR_FAULT, FailureReason, Timings
from dcvd.core.retry_delays import next_attempt_at


class DeliveryState(StrEnum):
    """The stored state of a delivery. In flight is not a state: after a crash such a delivery is simply due again.

    Tenants see `pending` as `held` while the endpoint is disabled. `dropped` means that it was not sent, because its
    event had expired or the tenant no longer wanted it. `cancelled`: the tenant gave up this one.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    CANCELLED = "cancelled"


class Backlog(StrEnum):
    """What is not done of deliveries: `pending` ones have a time for their next attempt, `waiting` ones come after an
    earlier event of their domain, and `dead` ones have used their last attempt.
    """

    PENDING = "pending"
    WAITING = "waiting"
    DEAD = "dead"


class DeliveryStatus(StrEnum):
    """The state of a delivery as tenants see it."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    CANCELLED = "cancelled"


class Delivery(Struct, frozen=True, kw_only=True):
    """One event for one endpoint.

    `next_attempt_at` is None once the delivery has ended, and while it waits behind an earlier event of its domain.
    `attempts` counts all attempts, `attempts_before` those made before its schedule was last started.
    request_id: that of the HTTP request that caused its event, or asked for a replay; None where no request did.
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
    request_id: str | None = None


class DueDelivery(Struct, frozen=True, kw_only=True, gc=False):
    """A delivery that is due, with everything that an attempt needs beside the endpoint's settings.

    `requests`: how often somebody has asked to send it again. Where it grows while an attempt is in flight, the request
    decides what comes next, and not the attempt.
    `created_at`: when its event was committed; None where it is none that was stored.
    """

    id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    attempts: int
    attempts_before: int
    requests: int
    expires_at: int | None
    body: bytes
    request_id: str | None = None
    created_at: int | None = None

    @property
    def is_as_planned(self) -> bool:
        """Whether nobody has asked to send it again, so that its age says how quick we are."""
        return self.created_at is not None and not (self.requests or self.attempts_before)


class AttemptOutcome(StrEnum):
    """The outcome of an attempt: only a 2xx is a success, a redirect is a failure."""

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


class Attempt(Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP attempt of a delivery.

    `started_at` is in milliseconds since the epoch. `reason` is more exact than `outcome` where no answer came.
    `response_headers` are the headers that help to explain the answer, with names in lower case; `response_body` is at
    most the first 1 KiB of its body, and `body_fault` a clause on why that is not whole, empty where it is.

    counted: whether it takes one attempt of the schedule. One that does not went over a kept connection that the
    receiver had given up; it has the number of the attempt that repeated it at once over a new connection, and is the
    `repeated` of that one as long as neither is stored.
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
    body_fault: str = ""
    remote_ip: str | None = None
    retry_after_ms: int | None = None
    counted: bool = True
    repeated: "Attempt | None" = None


class NextAttemptReason(StrEnum):
    """Why the next attempt has its time, or why there is none."""

    DELIVERED = "delivered"
    SCHEDULE = "schedule"
    RETRY_AFTER = "retry_after"
    REQUESTED = "requested"
    """Somebody asked to send it again while the attempt was in flight."""
    REPEATED = "repeated"
    """It was sent again at once, over a new connection; the attempt does not count."""
    GONE = "gone"
    SCHEDULE_ENDED = "schedule_ended"
    CANCELLED = "cancelled"
    """Somebody cancelled the delivery while the attempt was in flight."""
    ONCE = "once"


class AttemptConsequence(Struct, frozen=True, kw_only=True, gc=False):
    """What an attempt means for its delivery; `next_attempt_at` is None when the delivery has ended.

    It is None too where a delivery that is to be tried again waits behind an earlier event of its domain.
    """

    reason: NextAttemptReason
    next_attempt_at: int | None = None

    @property
    def state(self) -> DeliveryState:
        """The state in which the attempt leaves the delivery."""
        match self.reason:
            case NextAttemptReason.DELIVERED:
                return DeliveryState.DELIVERED
            case (
                NextAttemptReason.SCHEDULE
                | NextAttemptReason.RETRY_AFTER
                | NextAttemptReason.REQUESTED
                | NextAttemptReason.REPEATED
            ):
                return DeliveryState.PENDING
            case NextAttemptReason.GONE | NextAttemptReason.SCHEDULE_ENDED | NextAttemptReason.ONCE:
                return DeliveryState.DEAD
            case NextAttemptReason.CANCELLED:
                return DeliveryState.CANCELLED
            case _:
                assert_never(self.reason)


DELIVERED: Final = AttemptConsequence(reason=NextAttemptReason.DELIVERED)


class FinishedAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """An attempt that was made to send a due delivery to an endpoint."""

    due_delivery: DueDelivery
    org_id: str
    endpoint_id: str
    attempt: Attempt


class RecordedAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """An attempt as it is stored; `consequence` is None for one that an older dcvd stored."""

    attempt: Attempt
    consequence: AttemptConsequence | None


def decide_next_attempt(
    attempt: Attempt, attempts_before: int, delays_ms: Sequence[int], now: int, random_fraction: float
) -> AttemptConsequence:
    """Decide whether a delivery is delivered, due again, or a dead letter because its schedule has ended.

    `Retry-After` can postpone the next attempt, but never bring it forward.
    """
    match attempt.outcome:
        case AttemptOutcome.DELIVERED:
            return DELIVERED
        case AttemptOutcome.GONE:
            return AttemptConsequence(reason=NextAttemptReason.GONE)
        case _:
            due_at = next_attempt_at(delays_ms, attempt.number - attempts_before, now, random_fraction)
    if due_at is None:
        return AttemptConsequence(reason=NextAttemptReason.SCHEDULE_ENDED)
    if attempt.retry_after_ms is not None and now + attempt.retry_after_ms > due_at:
        return AttemptConsequence(reason=NextAttemptReason.RETRY_AFTER, next_attempt_at=now + attempt.retry_after_ms)
    return AttemptConsequence(reason=NextAttemptReason.SCHEDULE, next_attempt_at=due_at)


def is_receiver_at_fault(attempt: Attempt) -> bool:
    """Whether the endpoint is to blame for a failed attempt, and not perhaps dcvd's own machine or network."""
    return attempt.outcome is not AttemptOutcome.INTERNAL and attempt.reason not in POSSIBLY_OUR_FAULT


def is_waiting(delivery: Delivery) -> bool:
    """Whether a delivery waits behind an earlier event of its domain."""
    return delivery.state is DeliveryState.PENDING and delivery.next_attempt_at is None


def status_of(state: DeliveryState, *, is_enabled: bool) -> DeliveryStatus:
    """Return the state that a tenant sees; `is_enabled` is whether the endpoint is enabled."""
    if state is DeliveryState.PENDING and not is_enabled:
        return DeliveryStatus.HELD
    return DeliveryStatus(state.value)
