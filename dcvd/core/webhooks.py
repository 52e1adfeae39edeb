"""Endpoints, deliveries and attempts: who is told, what is owed, and how each try went."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.secret import Secret


class Endpoint(Struct, frozen=True, kw_only=True):
    """A tenant's receiver; `events` are the types that it subscribed to."""

    id: str
    org_id: str
    url: str
    secret: Secret
    events: tuple[EventType, ...]
    enabled: bool
    created_at: int
    updated_at: int


class DeliveryState(StrEnum):
    """What is owed of a delivery. In flight is not a state: after a crash what was in flight is simply due again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class DueDelivery(Struct, frozen=True, kw_only=True):
    """Everything that one attempt needs; `attempts` counts those already made."""

    id: str
    event_id: str
    event_type: EventType
    endpoint_id: str
    url: str
    secret: Secret
    body: bytes
    attempts: int


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


class Attempt(Struct, frozen=True, kw_only=True):
    """One HTTP try of a delivery; `response` is at most the first 1 KiB.

    `started_at` in milliseconds since the epoch, `duration_ms` and `retry_after` in milliseconds.
    """

    delivery_id: str
    number: int
    started_at: int
    duration_ms: int
    outcome: AttemptOutcome
    status_code: int | None
    error: str | None
    response: bytes
    remote_ip: str | None
    retry_after: int | None


GONE: Final = 410


def outcome_of(status: int) -> AttemptOutcome:
    """What an HTTP status means for a delivery (Standard Webhooks: 2xx only is a success, 410 ends it)."""
    if 200 <= status < 300:
        return AttemptOutcome.DELIVERED
    if status == GONE:
        return AttemptOutcome.GONE
    if 300 <= status < 400:
        return AttemptOutcome.REDIRECT
    return AttemptOutcome.HTTP_ERROR
