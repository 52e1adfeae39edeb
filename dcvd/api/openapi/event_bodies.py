"""The body of each type of event, for receivers: the `webhooks` of the OpenAPI document."""

import re
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from dcvd.api.http.answers.instants import Instant
from dcvd.api.http.documentation import REF_TEMPLATE
from dcvd.core.connections.connection import Provider
from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import DomainStatus, FindingActor, Record, Severity
from dcvd.core.events import EventType
from dcvd.core.webhooks.health import DisabledReason

_HEADERS: Final = {
    "webhook-id": "The event's id. A repeat carries the same.",
    "webhook-timestamp": "When this attempt was signed, in seconds since the epoch.",
    "webhook-signature": "`v1,` and the base64 of the HMAC-SHA256, once for each valid secret (Standard Webhooks).",
    "X-DCVaaS-Event": "The type of the event.",
    "X-DCVaaS-Signature": "The hex HMAC-SHA256 of the body, keyed with the secret as text.",
}


class EventError(Struct, frozen=True):
    """What went wrong: a stable code, and a sentence."""

    code: Annotated[str | None, Meta(description="For programs.")]
    message: Annotated[str | None, Meta(description="For people.")]


class EventFinding(Struct, frozen=True, kw_only=True):
    """One diagnosis: what is wrong, who has to act, and the exact record to type."""

    code: Annotated[str, Meta(description="What is wrong, for programs.")]
    severity: Annotated[Severity, Meta(description="How bad it is.")]
    actor: Annotated[FindingActor, Meta(description="Who has to act.")]
    message: Annotated[str, Meta(description="What is wrong, for people.")]
    fix: Annotated[Record | None, Meta(description="The record to create; null if no record helps.")]
    evidence: Annotated[list[str], Meta(description="What was seen.")]
    next_check_at: Annotated[
        Instant | None, Meta(description="When another check makes sense; null: at the domain's next check.")
    ]


class DomainEventData(Struct, frozen=True, kw_only=True):
    """The domain, as it is after the event."""

    domain_id: Annotated[str, Meta(description="The id of the domain.")]
    domain_name: Annotated[str, Meta(description="The hostname.")]
    status: Annotated[DomainStatus, Meta(description="How it stands.")]
    expires_at: Annotated[Instant | None, Meta(description="When its certificate expires; null if it has none.")]


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
        Meta(
            description="`requested`: you removed it. `claimed_by_another`: another organization has proved that the"
            " name is its own. `moved`: your operator gave it to another organization. `too_many_claims`: nobody"
            " proved the name, and too many claimed it. Old events are without it."
        ),
    ] = UNSET
    records_to_remove: Annotated[list[EventRecord], Meta(description="What the customer should take out of DNS.")]


class DormantDomainEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain whose record has been missing for too long."""

    dormant_since: Annotated[Instant, Meta(description="From when on it has no hostname at Cloudflare.")]


class DnsEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain, and what is wrong with its DNS."""

    findings: Annotated[list[EventFinding], Meta(description="What was found; the most severe comes first.")]


class ExpiryEventData(DomainEventData, frozen=True, kw_only=True):
    """The domain whose certificate ends soon."""

    renewal: Annotated[Literal["not_due", "due", "overdue"], Meta(description="Whether a renewal should have come.")]


class DomainErrorEventData(DnsEventData, frozen=True, kw_only=True):
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
    url: Annotated[str, Meta(description="Where its events are sent.")]


class FailingEndpointEventData(EndpointEventData, frozen=True, kw_only=True):
    """Another of your endpoints, and what its last attempt came to."""

    failed_attempts: Annotated[int, Meta(description="How many attempts failed since the last success.")]
    failing_since: Annotated[Instant | None, Meta(description="When the first of them ended.")]
    error: Annotated[str | None, Meta(description="Why the last one failed.")]
    status_code: Annotated[int | None, Meta(description="The HTTP status of the answer; null if none came.")]


class DisabledEndpointEventData(FailingEndpointEventData, frozen=True, kw_only=True):
    """Another of your endpoints, which gets no more deliveries."""

    reason: Annotated[DisabledReason, Meta(description="Why it was disabled.")]


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
    EventType.DNS_VERIFIED: ("The record is there.", DomainEventData),
    EventType.DNS_CHECK_FAILED: ("The record is missing, wrong or gone; `findings` say what to do.", DnsEventData),
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
    EventType.WEBHOOK_TEST: ("You asked for a test.", TestEventData),
}
"""What each type of event says, and the schema of its `data`."""


def build_webhooks() -> dict[str, Any]:
    """Build the `webhooks` of the document: one for each type of event."""
    return {event_type.value: {"post": _build_operation(event_type)} for event_type in EventType}


def _build_operation(event_type: EventType) -> dict[str, Any]:
    summary, data_type = EVENT_DATA[event_type]
    words = re.split(r"[._]", event_type.value)
    return {
        "operationId": "receive" + "".join(word.capitalize() for word in words),
        "summary": summary,
        "description": "It is sent until an endpoint answers 2xx or 410, or the retry schedule ends.",
        "tags": ["Webhooks"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _build_body(event_type, data_type.__name__)}},
        },
        "responses": {
            "2XX": {"description": "It was received."},
            "410": {"description": "The endpoint is disabled, and gets nothing more."},
            "default": {"description": "It is tried again."},
        },
    }


def _build_body(event_type: EventType, data_name: str) -> dict[str, Any]:
    members = {
        "event": {"type": "string", "const": event_type.value, "description": "The type of the event."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, to the second."},
        "data": {"$ref": REF_TEMPLATE.format(name=data_name), "description": "What the event is about."},
        "id": {"type": "string", "description": "The id of the event."},
        "sequence": {"type": "integer", "minimum": 1, "description": "Its number, counted for each organization."},
    }
    return {"type": "object", "properties": members, "required": list(members)}
