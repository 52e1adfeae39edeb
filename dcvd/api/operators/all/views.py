"""What organizations have, as JSON: as their tenants see it, and whose it is."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import asdict

from dcvd.api.audit.view import AuditEntryView, audit_entry_view
from dcvd.api.connections.view import ConnectionView, connection_view
from dcvd.api.jobs.view import JobView, job_view
from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.api.webhooks.delivery_view import AttemptView, DeliveryView, delivery_view
from dcvd.api.webhooks.view import WebhookView
from dcvd.core.audit import DAEMON_CHAIN, AuditEntry
from dcvd.core.connections.connection import Connection
from dcvd.core.events import Event, EventType
from dcvd.core.jobs import Job
from dcvd.http.answers.instants import Instant
from dcvd.services.jobs.dead_jobs import DeadJobs
from dcvd.services.webhooks.delivery_history import DeliverySummary

V = TypeVar("V", bound=Struct)


class OrganizationWebhook(WebhookView, frozen=True, kw_only=True, rename="camel"):
    """An endpoint, and whose it is."""

    organization: OrganizationReference


class OrganizationWebhookList(Struct, frozen=True, kw_only=True, rename="camel"):
    webhooks: list[OrganizationWebhook]
    next_cursor: str | None


class OrganizationWebhookAnswer(Struct, frozen=True):
    webhook: OrganizationWebhook


class OrganizationDelivery(DeliveryView, frozen=True, kw_only=True, rename="camel"):
    """A delivery, and whose it is."""

    organization: OrganizationReference


class OrganizationDeliveryList(Struct, frozen=True, kw_only=True, rename="camel"):
    deliveries: list[OrganizationDelivery]
    next_cursor: str | None


class OrganizationDeliveryAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery with its body, where it is sent, and every attempt in order."""

    delivery: OrganizationDelivery
    url: str
    domain_name: str | None
    attempts: list[AttemptView]


class OrganizationEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as its webhooks carry it, and whose it is; `data` depends on the event."""

    id: str
    sequence: int
    event: EventType
    timestamp: Instant
    organization: OrganizationReference
    domain_id: str | None
    data: Raw


class OrganizationEventList(Struct, frozen=True, kw_only=True, rename="camel"):
    events: list[OrganizationEvent]
    next_cursor: str | None


class FollowedEvents(Struct, frozen=True, kw_only=True, rename="camel"):
    """Events in the order of their commits. Later ones follow `nextCursor`; `hasMore`: some are there already."""

    events: list[OrganizationEvent]
    next_cursor: str
    has_more: bool


class OrganizationEventAnswer(Struct, frozen=True):
    """An event, and its deliveries."""

    event: OrganizationEvent
    deliveries: list[DeliveryView]


class _Body(Struct, frozen=True):
    timestamp: str
    data: Raw


class OrganizationJob(JobView, frozen=True, kw_only=True, rename="camel"):
    """A job, and whose it is."""

    organization: OrganizationReference


class OrganizationJobList(Struct, frozen=True, kw_only=True, rename="camel"):
    jobs: list[OrganizationJob]
    next_cursor: str | None


class OrganizationJobAnswer(Struct, frozen=True):
    job: OrganizationJob


class DeadJobsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The dead jobs of one cause: of one kind, whose last error has one code. latest: the newest of them."""

    kind: str
    code: str
    count: int
    latest: OrganizationJob


class DeadJobsList(Struct, frozen=True, kw_only=True, rename="camel"):
    """The causes of dead jobs. Each count goes up to `countedUpTo`."""

    causes: list[DeadJobsView]
    counted_up_to: int


class RequeuedJobs(Struct, frozen=True):
    """How many jobs are tried again."""

    requeued: int


class OrganizationConnection(ConnectionView, frozen=True, kw_only=True, rename="camel"):
    """A connection, and whose it is."""

    organization: OrganizationReference


class OrganizationConnectionList(Struct, frozen=True, kw_only=True, rename="camel"):
    connections: list[OrganizationConnection]
    next_cursor: str | None


class OrganizationConnectionAnswer(Struct, frozen=True):
    connection: OrganizationConnection


class OrganizationAuditEntry(AuditEntryView, frozen=True, kw_only=True, rename="camel"):
    """A change, and the organization that it concerns; null for none, or one that was deleted."""

    organization: OrganizationReference | None


class OrganizationAuditList(Struct, frozen=True, kw_only=True, rename="camel"):
    audit: list[OrganizationAuditEntry]
    next_cursor: str | None


def extend_view(view_type: type[V], view: Struct, organization: OrganizationReference | None) -> V:
    """Build a view that has all members of another one, and the organization whose it is."""
    return view_type(**asdict(view), organization=organization)


def organization_delivery_view(summary: DeliverySummary, organization: OrganizationReference) -> OrganizationDelivery:
    """Show a delivery without its body, and whose it is."""
    return extend_view(OrganizationDelivery, delivery_view(summary), organization)


def organization_job_view(job: Job, organization: OrganizationReference) -> OrganizationJob:
    """Show a job, and whose it is."""
    return extend_view(OrganizationJob, job_view(job), organization)


def dead_jobs_view(found: DeadJobs, organization: OrganizationReference) -> DeadJobsView:
    """Show the dead jobs of one cause, and whose the newest of them is."""
    latest = organization_job_view(found.latest, organization)
    return DeadJobsView(kind=found.cause.kind, code=found.cause.code, count=found.count, latest=latest)


def organization_connection_view(
    connection: Connection, organization: OrganizationReference, *, domains: int | UnsetType = UNSET
) -> OrganizationConnection:
    """Show a connection, and whose it is."""
    return extend_view(OrganizationConnection, connection_view(connection, domains=domains), organization)


def organization_audit_entry_view(entry: AuditEntry, name: str | None) -> OrganizationAuditEntry:
    """Show a change, and whom it concerns. An organization without a name, which is gone, is shown by its id."""
    is_own = entry.org_id == DAEMON_CHAIN
    organization = None if is_own else OrganizationReference(entry.org_id, name or entry.org_id)
    return extend_view(OrganizationAuditEntry, audit_entry_view(entry), organization)


def organization_event_view(event: Event, organization: OrganizationReference) -> OrganizationEvent:
    """Show an event, and whose it is."""
    body = msgspec.json.decode(event.body, type=_Body)
    return OrganizationEvent(
        id=event.id,
        sequence=event.sequence,
        event=event.type,
        timestamp=body.timestamp,
        organization=organization,
        domain_id=event.domain_id,
        data=body.data,
    )
