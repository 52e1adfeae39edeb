"""The `data` of each type of event: its members, and what they mean. Schemas and documents are made of these types.

An old event may lack members that are marked so; every event that is stored now has them all.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from dcvd.core.connections.connection import Provider
from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import DnsState, DomainStatus, FindingActor, Severity
from dcvd.core.events import EventType
from dcvd.core.webhooks.health import DisabledReason

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""An RFC 3339 instant in UTC."""
ExternalId = Annotated[
    str | UnsetType | None,
    Meta(description="The `externalId` that you gave the domain; null if it has none. Old events are without it."),
]
Labels = Annotated[
    dict[str, str] | UnsetType,
    Meta(description="The labels that you gave the domain, in the order of their keys. Old events are without it."),
]


class EventError(Struct, frozen=True):
    """What went wrong: a stable code, and a sentence."""

    code: Annotated[str | None, Meta(description="For programs.")]
    message: Annotated[str | None, Meta(description="For people.")]


class EventFix(Struct, frozen=True):
    """A DNS record that the customer has to create."""

    type: Annotated[str, Meta(description="The type of the record.")]
    name: Annotated[str, Meta(description="The whole name of the record.")]
    value: Annotated[str, Meta(description="The value of the record.")]


class EventFinding(Struct, frozen=True, kw_only=True):
    """One diagnosis: what is wrong, who has to act, and the exact record to type."""

    code: Annotated[str, Meta(description="What is wrong, for programs.")]
    severity: Annotated[Severity, Meta(description="How bad it is.")]
    actor: Annotated[FindingActor, Meta(description="Who has to act.")]
    message: Annotated[str, Meta(description="What is wrong, for people.")]
    fix: Annotated[EventFix | None, Meta(description="The record to create; null if no record helps.")]
    evidence: Annotated[list[str], Meta(description="What was seen.")]
    since: Annotated[
        Instant | UnsetType | None, Meta(description="Since when it is known. Old events are without it.")
    ] = UNSET
    hurts_at: Annotated[
        Instant | UnsetType | None,
        Meta(
            description="Until when the domain works all the same; null: it hurts already. Old events are without it."
        ),
    ] = UNSET


class DomainEventData(Struct, frozen=True, kw_only=True):
    """The domain, as it is after the event."""

    domain_id: Annotated[str, Meta(description="The id of the domain.")]
    domain_name: Annotated[str, Meta(description="The hostname.")]
    status: Annotated[DomainStatus, Meta(description="The status of the domain.")]
    expires_at: Annotated[Instant | None, Meta(description="When its certificate expires; null if it has none.")]
    external_id: ExternalId = UNSET
    labels: Labels = UNSET


class EventRecord(Struct, frozen=True, kw_only=True):
    """A DNS record that should be removed with its domain."""

    type: Annotated[str, Meta(description="The type of the record.")]
    name: Annotated[str, Meta(description="The name of the record.")]
    value: Annotated[str, Meta(description="The value of the record.")]
    written_by_us: Annotated[bool, Meta(description="dcvd wrote it through a connection.")]
    being_removed: Annotated[bool, Meta(description="A job removes it, if it is still as it was written.")]
    zone: Annotated[
        str | UnsetType,
        Meta(description="The zone that holds the record; absent in events of before it was known."),
    ] = UNSET


class RemovedDomainEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain, as it last was."""

    reason: Annotated[
        RemovalReason | UnsetType,
        Meta(description="Who or what removed it, see the page about webhooks. Old events are without it."),
    ] = UNSET
    records_to_remove: Annotated[list[EventRecord], Meta(description="What the customer should take out of DNS.")]


class DormantDomainEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain whose record has been missing for too long."""

    dormant_since: Annotated[Instant, Meta(description="From when on it has no hostname at Cloudflare.")]


class VerifiedDnsEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain whose record is there, and what is wrong besides."""

    dns_status: Annotated[
        DnsState | UnsetType,
        Meta(
            description="Whether the record is there: `verified`, `failed`, or `unverifiable`, where a proxy hides it."
            " Old events are without it."
        ),
    ] = UNSET
    findings: Annotated[
        list[EventFinding] | UnsetType,
        Meta(description="What else is wrong, the most severe first. Old events are without it."),
    ] = UNSET


class FindingsEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain, and what is wrong with it."""

    findings: Annotated[list[EventFinding], Meta(description="What was found; the most severe comes first.")]


class FailedDnsEventData(FindingsEventData, frozen=True, kw_only=True):
    """The domain, and what is wrong with its DNS."""

    dns_status: Annotated[
        DnsState | UnsetType,
        Meta(
            description="Whether the record is there: `verified`, `failed`, or `unverifiable`, where a proxy hides it."
            " Old events are without it."
        ),
    ] = UNSET


class ExpiryEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain whose certificate ends soon."""

    renewal: Annotated[Literal["not_due", "due", "overdue"], Meta(description="Whether a renewal should have come.")]


class DomainErrorEventData(FindingsEventData, frozen=True, kw_only=True):
    """The domain, and why it cannot go on by itself."""

    error: Annotated[EventError, Meta(description="Why it cannot go on.")]


class JobEventData(Struct, frozen=True, kw_only=True):
    """The job whose attempt failed."""

    job_id: Annotated[str, Meta(description="The id of the job.")]
    job_kind: Annotated[str, Meta(description="The type of work that it does.")]
    domain_id: Annotated[str | None, Meta(description="The id of its domain; null if it has none.")]
    domain_name: Annotated[str | None, Meta(description="The hostname; null if it has none.")]
    connection_id: Annotated[str | None, Meta(description="The id of its connection; null if it has none.")]
    action: Annotated[str | None, Meta(description="What a `write_dns` job does with the records.")]
    attempts: Annotated[int, Meta(description="How many attempts counted so far.")]
    error: Annotated[EventError, Meta(description="Why the attempt failed.")]
    next_attempt_at: Annotated[Instant | None, Meta(description="When it is tried again; null if it is not.")]
    external_id: ExternalId = UNSET
    labels: Labels = UNSET


class ConnectionEventData(Struct, frozen=True, kw_only=True):
    """The connection that has to be made anew."""

    connection_id: Annotated[str, Meta(description="The id of the connection.")]
    provider: Annotated[Provider, Meta(description="The DNS provider.")]
    account: Annotated[str | None, Meta(description="The account there; null if the provider does not say.")]
    error: Annotated[EventError, Meta(description="Why the provider refuses it.")]


class DeadDeliveryEventData(Struct, frozen=True, kw_only=True):
    """The delivery to another of your endpoints that used its last attempt."""

    delivery_id: Annotated[str, Meta(description="The id of the delivery.")]
    endpoint_id: Annotated[str, Meta(description="The id of the endpoint.")]
    event_id: Annotated[str, Meta(description="The id of the event that did not arrive.")]
    event_type: Annotated[EventType, Meta(description="The type of that event.")]
    domain_id: Annotated[str | None, Meta(description="The id of the domain that it is about.")]
    attempts: Annotated[int, Meta(description="How many attempts were made.")]
    error: Annotated[str | None, Meta(description="Why the last one failed.")]


class EndpointEventData(Struct, frozen=True, kw_only=True):
    """Another of your endpoints."""

    endpoint_id: Annotated[str, Meta(description="The id of the endpoint.")]
    endpoint_name: Annotated[
        str | UnsetType | None,
        Meta(description="What you call it; null if it has no name. Old events are without it."),
    ] = UNSET
    url: Annotated[str, Meta(description="Where its events are sent.")]


class FailedEndpointEventData(EndpointEventData, frozen=True, kw_only=True):
    """Another of your endpoints, and what its last attempt came to."""

    failed_attempts: Annotated[int, Meta(description="How many attempts failed since the last success.")]
    failing_since: Annotated[Instant | None, Meta(description="When the first of them ended.")]
    error: Annotated[str | None, Meta(description="Why the last one failed.")]
    status_code: Annotated[int | None, Meta(description="The HTTP status of the answer; null if none came.")]


class RefusedEventData(Struct, frozen=True, kw_only=True):
    """The type of event that the endpoint refuses for good."""

    event_type: Annotated[EventType, Meta(description="The type that it refuses.")]
    status_code: Annotated[int, Meta(description="The HTTP status with which it does.")]
    attempts: Annotated[int, Meta(description="How many attempts were answered so, each with the same body.")]
    since: Annotated[Instant, Meta(description="When the first of them ended.")]
    answer: Annotated[str, Meta(description="The beginning of that body, in one line of printable characters.")]
    delivery_id: Annotated[str, Meta(description="The id of the last delivery that was refused so.")]
    fix: Annotated[str, Meta(description="What to do about it, in a sentence.")]


class FailingEndpointEventData(FailedEndpointEventData, frozen=True, kw_only=True):
    """Another of your endpoints, which fails, or refuses one type of event."""

    refused: Annotated[
        RefusedEventData | UnsetType | None,
        Meta(
            description="The type that it refuses for good; null where it is the endpoint as a whole that fails. Old"
            " events are without it."
        ),
    ] = UNSET


class DisabledEndpointEventData(FailedEndpointEventData, frozen=True, kw_only=True):
    """Another of your endpoints, which gets no more deliveries."""

    reason: Annotated[DisabledReason, Meta(description="Why it was disabled.")]


SystemStatus = Literal["raised", "recovered"]


class SystemEventData(Struct, frozen=True, kw_only=True):
    """What dcvd itself needs, and does not have."""

    status: Annotated[SystemStatus, Meta(description="`raised` once when it begins, `recovered` once when it is over.")]
    since: Annotated[Instant, Meta(description="When dcvd first knew of it.")]
    message: Annotated[str, Meta(description="What it is, and what to do, in a sentence.")]


class QuotaEventData(SystemEventData, frozen=True, kw_only=True):
    """How many custom hostnames the plan at Cloudflare still has room for."""

    used: Annotated[int, Meta(description="How many custom hostnames the zone has.")]
    allowed: Annotated[int, Meta(description="How many it may have.")]


class BackupEventData(SystemEventData, frozen=True, kw_only=True):
    """How old the last backup is."""

    last_backup_at: Annotated[Instant, Meta(description="When `dcvd backup` last made and checked a copy.")]
    max_age_seconds: Annotated[int, Meta(description="How old it may be.")]


class DiskEventData(SystemEventData, frozen=True, kw_only=True):
    """How much room the file system of the database has."""

    path: Annotated[str, Meta(description="The file of the database.")]
    free_bytes: Annotated[int, Meta(description="How much of its file system is free.")]
    floor_bytes: Annotated[int, Meta(description="How much should be.")]


class ClockEventData(SystemEventData, frozen=True, kw_only=True):
    """How far the machine's clock is from the time that dcvd goes by."""

    ahead_seconds: Annotated[
        int,
        Meta(description="By how much the machine's clock is ahead of the time that dcvd goes by; negative: behind."),
    ]
    is_confirmed: Annotated[
        bool,
        Meta(description="Whether anything confirms that time. Until it does, nothing is deleted or ended for good."),
    ]


class TestEventData(Struct, frozen=True, kw_only=True):
    """The endpoint that is tested."""

    endpoint_id: Annotated[str, Meta(description="The id of the endpoint.")]
    message: Annotated[str, Meta(description="A sentence that says that this is a test.")]


EVENT_DATA: Final[dict[EventType, tuple[str, type[Struct]]]] = {
    EventType.DOMAIN_ADDED: ("A domain was added.", DomainEventData),
    EventType.DOMAIN_DORMANT: (
        "The record was missing for too long: the hostname is registered again when it appears.",
        DormantDomainEventData,
    ),
    EventType.DOMAIN_REMOVED: ("A domain was removed.", RemovedDomainEventData),
    EventType.DNS_VERIFIED: ("The record is there; `findings` say what else is wrong.", VerifiedDnsEventData),
    EventType.DNS_CHECK_FAILED: (
        "The record is missing, wrong or gone, or something else stands in the way; `findings` say what to do.",
        FailedDnsEventData,
    ),
    EventType.DOMAIN_ACTIVE: ("The certificate serves.", DomainEventData),
    EventType.DOMAIN_RENEWED: ("A later certificate serves.", DomainEventData),
    EventType.DOMAIN_EXPIRING_SOON: ("The certificate ends soon.", ExpiryEventData),
    EventType.DOMAIN_ERROR: (
        "The domain cannot go on by itself; `error` and `findings` say why.",
        DomainErrorEventData,
    ),
    EventType.JOB_FAILED: ("An attempt of a job failed.", JobEventData),
    EventType.JOB_DLQ: ("The last attempt of a job failed.", JobEventData),
    EventType.DELIVERY_DLQ: ("A delivery to another of your endpoints used its last attempt.", DeadDeliveryEventData),
    EventType.ENDPOINT_FAILING: ("Another of your endpoints fails.", FailingEndpointEventData),
    EventType.ENDPOINT_RECOVERED: ("Another of your endpoints answers again.", EndpointEventData),
    EventType.ENDPOINT_DISABLED: ("Another of your endpoints was disabled.", DisabledEndpointEventData),
    EventType.CONNECTION_REAUTH_REQUIRED: ("A DNS provider refuses a connection: connect again.", ConnectionEventData),
    EventType.SYSTEM_CLOUDFLARE_REFUSED: (
        "Cloudflare refuses dcvd's token, or takes it again. Only operators get it.",
        SystemEventData,
    ),
    EventType.SYSTEM_QUOTA_LOW: (
        "The custom hostnames of the plan at Cloudflare are nearly used, or no longer. Only operators get it.",
        QuotaEventData,
    ),
    EventType.SYSTEM_BACKUP_LATE: (
        "The last backup is too old, or no longer. Only operators get it.",
        BackupEventData,
    ),
    EventType.SYSTEM_DISK_LOW: (
        "The file system of the database is nearly full, or no longer. Only operators get it.",
        DiskEventData,
    ),
    EventType.SYSTEM_CLOCK_WRONG: (
        "The machine's clock is wrong, or nothing confirms the time, or no longer. Only operators get it.",
        ClockEventData,
    ),
    EventType.WEBHOOK_TEST: ("You asked for a test.", TestEventData),
}
"""What each type of event says, and the schema of its `data`."""
