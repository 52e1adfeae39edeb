"""An example of each type of event, in the shape that real ones have, for receivers that want to try one."""

from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import DnsState, DomainStatus
from dcvd.core.event_schemas.data import (
    BackupEventData,
    ClockEventData,
    ConnectionEventData,
    DeadDeliveryEventData,
    DisabledEndpointEventData,
    DiskEventData,
    DomainErrorEventData,
    DomainEventData,
    DormantDomainEventData,
    EndpointEventData,
    EventError,
    EventFinding,
    EventFix,
    EventRecord,
    ExpiryEventData,
    FailedDnsEventData,
    FailingEndpointEventData,
    JobEventData,
    QuotaEventData,
    RemovedDomainEventData,
    SystemEventData,
    TestEventData,
    VerifiedDnsEventData,
)
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.webhooks.health import DisabledReason

_DOMAIN_ID: Final = "dom_example"
_HOSTNAME: Final = "shop.customer.example"
_TARGET: Final = "edge.example.net"
_LABELS: Final = {"tier": "gold"}
_EARLIER: Final = "2026-01-15T10:30:00Z"
_LATER: Final = "2026-04-15T10:29:59Z"
_DOMAIN: Final = {"domain_id": _DOMAIN_ID, "domain_name": _HOSTNAME, "external_id": "customer-4711", "labels": _LABELS}
_ENDPOINT: Final = {
    "endpoint_id": "wh_example",
    "endpoint_name": "Billing",
    "url": "https://hooks.example.net/dcvd",
    "failed_attempts": 5,
    "failing_since": _EARLIER,
    "error": "hooks.example.net answered 500 Internal Server Error.",
    "status_code": 500,
}
_MISSING_RECORD: Final = EventFinding(
    code="cname_missing",
    severity="error",
    actor="customer",
    message=f"{_HOSTNAME} has no CNAME record: create {_HOSTNAME} → {_TARGET}.",
    fix=EventFix(type="CNAME", name=_HOSTNAME, value=_TARGET),
    evidence=[f"ns1.customer.example: {_HOSTNAME} does not exist"],
    since=_EARLIER,
    hurts_at=None,
)
_JOB: Final = {
    "job_id": "job_example",
    "job_kind": "register",
    "domain_id": _DOMAIN_ID,
    "domain_name": _HOSTNAME,
    "connection_id": None,
    "action": None,
    "error": EventError(code="unreachable", message="Cloudflare could not be reached."),
    "external_id": "customer-4711",
    "labels": _LABELS,
}
_PENDING: Final = {**_DOMAIN, "status": DomainStatus.PENDING_CNAME, "expires_at": None}
_ACTIVE: Final = {**_DOMAIN, "status": DomainStatus.ACTIVE, "expires_at": _LATER}
_SYSTEM: Final = {"status": "raised", "since": _EARLIER}
_EXAMPLES: Final[dict[EventType, Struct]] = {
    EventType.DOMAIN_ADDED: msgspec.convert(_PENDING, DomainEventData),
    EventType.DOMAIN_DORMANT: msgspec.convert({**_PENDING, "dormant_since": _EARLIER}, DormantDomainEventData),
    EventType.DOMAIN_REMOVED: msgspec.convert(
        {
            **_ACTIVE,
            "reason": RemovalReason.REQUESTED,
            "records_to_remove": [
                EventRecord(
                    type="CNAME",
                    name=_HOSTNAME,
                    value=_TARGET,
                    written_by_us=False,
                    being_removed=False,
                    zone="customer.example",
                )
            ],
        },
        RemovedDomainEventData,
    ),
    EventType.DNS_VERIFIED: msgspec.convert(
        {
            **_DOMAIN,
            "status": DomainStatus.ISSUING,
            "expires_at": None,
            "dns_status": DnsState.VERIFIED,
            "findings": [],
        },
        VerifiedDnsEventData,
    ),
    EventType.DNS_CHECK_FAILED: msgspec.convert(
        {**_PENDING, "findings": [_MISSING_RECORD], "dns_status": DnsState.FAILED}, FailedDnsEventData
    ),
    EventType.DOMAIN_ACTIVE: msgspec.convert(_ACTIVE, DomainEventData),
    EventType.DOMAIN_RENEWED: msgspec.convert(_ACTIVE, DomainEventData),
    EventType.DOMAIN_EXPIRING_SOON: msgspec.convert({**_ACTIVE, "renewal": "due"}, ExpiryEventData),
    EventType.DOMAIN_ERROR: msgspec.convert(
        {
            **_PENDING,
            "status": DomainStatus.ERROR,
            "findings": [_MISSING_RECORD],
            "error": EventError(code="blocked", message="Cloudflare has blocked the hostname."),
        },
        DomainErrorEventData,
    ),
    EventType.JOB_FAILED: msgspec.convert({**_JOB, "attempts": 2, "next_attempt_at": _LATER}, JobEventData),
    EventType.JOB_DLQ: msgspec.convert({**_JOB, "attempts": 12, "next_attempt_at": None}, JobEventData),
    EventType.DELIVERY_DLQ: DeadDeliveryEventData(
        delivery_id="dlv_example",
        endpoint_id="wh_example",
        event_id="evt_example",
        event_type=EventType.DOMAIN_ACTIVE,
        domain_id=_DOMAIN_ID,
        attempts=11,
        error="hooks.example.net answered 500 Internal Server Error.",
    ),
    EventType.ENDPOINT_FAILING: msgspec.convert({**_ENDPOINT, "refused": None}, FailingEndpointEventData),
    EventType.ENDPOINT_RECOVERED: msgspec.convert(_ENDPOINT, EndpointEventData),
    EventType.ENDPOINT_DISABLED: msgspec.convert(
        {**_ENDPOINT, "failed_attempts": 10, "reason": DisabledReason.EXHAUSTED}, DisabledEndpointEventData
    ),
    EventType.CONNECTION_REAUTH_REQUIRED: ConnectionEventData(
        connection_id="con_example",
        provider=Provider.CLOUDFLARE,
        account="ann@customer.example",
        error=EventError(code="invalid_grant", message="The provider has withdrawn its consent."),
    ),
    EventType.SYSTEM_CLOUDFLARE_REFUSED: msgspec.convert(
        {**_SYSTEM, "message": "Cloudflare refuses the API token: make a new one."}, SystemEventData
    ),
    EventType.SYSTEM_QUOTA_LOW: msgspec.convert(
        {**_SYSTEM, "message": "The plan has room for 12 more custom hostnames.", "used": 4988, "allowed": 5000},
        QuotaEventData,
    ),
    EventType.SYSTEM_BACKUP_LATE: msgspec.convert(
        {
            **_SYSTEM,
            "message": "The last backup is two days old.",
            "last_backup_at": "2027-01-13T08:00:00Z",
            "max_age_seconds": 129_600,
        },
        BackupEventData,
    ),
    EventType.SYSTEM_DISK_LOW: msgspec.convert(
        {
            **_SYSTEM,
            "message": "The file system of the database is nearly full.",
            "path": "/var/lib/dcvd/dcvd.db",
            "free_bytes": 100_000_000,
            "floor_bytes": 1_073_741_824,
        },
        DiskEventData,
    ),
    EventType.SYSTEM_CLOCK_WRONG: msgspec.convert(
        {
            **_SYSTEM,
            "message": "The machine's clock is a day ahead.",
            "ahead_seconds": 86_400,
            "is_confirmed": True,
        },
        ClockEventData,
    ),
    EventType.WEBHOOK_TEST: TestEventData(endpoint_id="wh_example", message="This is a test."),
}


def draft_example(event_type: EventType) -> EventDraft:
    """Draft an event of a type as real ones are, but for `test` in its data; everything in it is made up."""
    data: EventData = msgspec.to_builtins(_EXAMPLES[event_type])
    return EventDraft(event_type, {**data, "test": True})
