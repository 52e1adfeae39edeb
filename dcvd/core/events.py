"""The catalogue of events, and the only function that builds an event's body."""

from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from dcvd.core.instants import SECOND, to_rfc3339


class EventType(StrEnum):
    """Every type of event that a webhook can carry, in the order of a domain's life. The set is closed."""

    DOMAIN_ADDED = "domain.added"
    DOMAIN_DORMANT = "domain.dormant"
    DOMAIN_REMOVED = "domain.removed"
    DNS_VERIFIED = "dns.verified"
    DNS_CHECK_FAILED = "dns.check_failed"
    DOMAIN_ACTIVE = "domain.active"
    DOMAIN_RENEWED = "domain.renewed"
    DOMAIN_EXPIRING_SOON = "domain.expiring_soon"
    DOMAIN_ERROR = "domain.error"
    JOB_FAILED = "job.failed"
    JOB_DLQ = "job.dlq"
    DELIVERY_DLQ = "delivery.dlq"
    ENDPOINT_FAILING = "endpoint.failing"
    ENDPOINT_RECOVERED = "endpoint.recovered"
    ENDPOINT_DISABLED = "endpoint.disabled"
    CONNECTION_REAUTH_REQUIRED = "connection.reauth_required"
    SYSTEM_CLOUDFLARE_REFUSED = "system.cloudflare_refused"
    SYSTEM_QUOTA_LOW = "system.quota_low"
    SYSTEM_BACKUP_LATE = "system.backup_late"
    SYSTEM_DISK_LOW = "system.disk_low"
    SYSTEM_CLOCK_WRONG = "system.clock_wrong"
    WEBHOOK_TEST = "webhook.test"


OPERATIONAL_TYPES: Final = frozenset(
    {
        EventType.DELIVERY_DLQ,
        EventType.ENDPOINT_FAILING,
        EventType.ENDPOINT_RECOVERED,
        EventType.ENDPOINT_DISABLED,
        EventType.WEBHOOK_TEST,
    }
)
"""Events about deliveries themselves. The delivery of such an event never causes another one: otherwise two endpoints
that both fail would report each other without end."""

EventData = dict[str, Any]
"""JSON members in snake_case. Values are text, integers below 2**53, booleans, null, and lists and objects of these.
Floats and member names made of digits are excluded, so that every JSON library gives the same bytes back."""


class EventDraft(Struct, frozen=True):
    """An event that has no number yet; from `expires_at` on it is too late to send it.

    request_id: the HTTP request that causes it; None for the caller's own.
    """

    type: EventType
    data: EventData
    domain_id: str | None = None
    expires_at: int | None = None
    request_id: str | None = None


class Event(Struct, frozen=True, kw_only=True):
    """An immutable event; `body` is exactly what is signed and sent on every attempt.

    request_id: that of the HTTP request that caused it, or the job that did; None where no request did.
    """

    id: str
    org_id: str
    sequence: int
    type: EventType
    domain_id: str | None
    body: bytes
    created_at: int
    expires_at: int | None = None
    request_id: str | None = None


_ENCODER: Final = msgspec.json.Encoder()


def build_body(
    draft: EventDraft, *, event_id: str, sequence: int, now: int, org_id: str | UnsetType | None = UNSET
) -> bytes:
    """Encode an event as compact UTF-8 JSON, with its members in the documented order.

    org_id: for operators, the organization that the event is about, None where it is about none; tenants get no such
    member.

    The bytes are equal to JavaScript's `JSON.stringify(JSON.parse(body))`, which the predecessor's receivers sign.
    """
    members = {
        "event": draft.type.value,
        "timestamp": _write_second(now),
        "data": draft.data,
        "id": event_id,
        "sequence": sequence,
    }
    return _ENCODER.encode(members if org_id is UNSET else members | {"org_id": org_id})


@lru_cache(16)
def _write_second(now: int) -> str:
    """Write the second of an instant. Events that are stored together have the same."""
    return to_rfc3339(now - now % SECOND)


class _NamedData(Struct):
    domain_name: str | None = None


class _NamedBody(Struct):
    data: _NamedData


_NAME_DECODER: Final = msgspec.json.Decoder(_NamedBody)


def read_domain_name(body: bytes) -> str | None:
    """Return the name of the domain that an event is about; None where it is about none."""
    return _NAME_DECODER.decode(body).data.domain_name
