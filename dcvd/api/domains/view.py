"""A domain as JSON."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dcvd.api.domains.finding_view import (
    ErrorView,
    FindingView,
    OwnershipView,
    finding_view,
    ownership_view,
)
from dcvd.api.domains.record_view import (
    LeftRecordView,
    RequiredRecordView,
    ZoneProviderView,
    required_record_views,
    zone_provider_view,
)
from dcvd.core.custom_hostnames.read_only import ReadOnlyReason, explain_read_only
from dcvd.core.dns.providers import find_provider_by_name
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, ValidationMethod
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.lifecycle.registration_queue import QueuePosition, QueueState
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.domains.details import DomainDetail
from dcvd.store.engine.paging import Page


class CertificateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A certificate that serves, or that was issued to follow the one that serves."""

    serial: str | None
    issuer: str | None
    issued_at: Instant | None
    expires_at: Instant


class RegistrationView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far the registration at Cloudflare is, which accepts only so many a minute; null once it is done.

    `queued`: it waits in the queue, or is about to enter it again (then without a position). `retrying`: it failed, and
    is tried again. `dead`: it was given up; retry its job, or see `error`. `position`: 1 is the next one to be
    registered, and beyond ten thousand it is an estimate; `expectedAt`: when its turn comes if nothing fails.
    """

    status: QueueState
    position: int | None
    expected_at: Instant | None


class ReadOnlyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a hostname at Cloudflare is only read: checks and events go on, but nothing is changed there."""

    reason: ReadOnlyReason
    message: str


class DomainView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain and all that is known of it. `ready`: it serves, and its DNS points here.

    `dnsProvider`: who runs its zone, where that is known. `connectionId`: the connection that writes its records.
    `dormantSince`: from when on it has no hostname at Cloudflare, because its record was missing for so long; it wakes
    when the record appears. `cfStatus`, `cfSslStatus` and `errors` are Cloudflare's own words. `readOnly`: why the
    hostname at Cloudflare is only read and not changed; null where it is managed.
    """

    id: str
    org_id: str
    domain_name: str
    status: DomainStatus
    ready: bool
    ready_since: Instant | None
    error: ErrorView | None
    required_records: list[RequiredRecordView]
    dns_provider: ZoneProviderView | None
    cname_target: str
    ownership: OwnershipView
    dormant_since: Instant | None
    validation: ValidationMethod
    wildcard: bool
    connection_id: str | None
    external_id: Annotated[str | None, Meta(description="Your own id of it, which several may share; null: none.")]
    labels: Annotated[dict[str, str], Meta(description="Your labels of it, in the order of their keys.")]
    registration: RegistrationView | None
    cf_status: str | None
    cf_ssl_status: str | None
    errors: list[str]
    read_only: ReadOnlyView | None
    certificate: CertificateView | None
    next_certificate: CertificateView | None
    expires_at: Instant | None
    dns_status: DnsState
    findings: list[FindingView]
    dns_checked_at: Instant | None
    cf_checked_at: Instant | None
    next_sync_at: Instant
    created_at: Instant
    updated_at: Instant


def read_only_view(domain: Domain) -> ReadOnlyView | None:
    """Show that a hostname at Cloudflare is only read; None where it is managed."""
    reason = domain.read_only
    return None if reason is None else ReadOnlyView(reason=reason, message=explain_read_only(domain.name, reason))


class DomainAnswer(Struct, frozen=True):
    domain: DomainView


class DomainList(Struct, frozen=True, kw_only=True, rename="camel"):
    domains: list[DomainView]
    next_cursor: str | None


class RemovedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain that was removed, as it last was, and the records that should now be removed from DNS.

    A CNAME that is left behind lets whoever gets its target next serve the name. `hostnameLeft`: its hostname stays at
    Cloudflare and goes on serving, because it was only read (`readOnly`).
    """

    domain: DomainView
    records_to_remove: list[LeftRecordView]
    hostname_left: bool


def registration_view(position: QueuePosition | None) -> RegistrationView | None:
    """Show a position in the registration queue."""
    if position is None:
        return None
    return RegistrationView(
        status=position.state, position=position.position, expected_at=format_instant(position.expected_at)
    )


def domain_view(detail: DomainDetail) -> DomainView:
    """Show one domain."""
    domain = detail.domain
    zone = find_zone(domain)
    return build_view(
        DomainView,
        domain,
        domain_name=domain.name,
        dns_status=domain.dns_state,
        ready=domain.is_ready,
        ready_since=format_instant(domain.ready_since),
        required_records=required_record_views(required_records_to_type(domain), zone),
        dns_provider=zone_provider_view(find_provider_by_name(domain.dns_provider)),
        ownership=ownership_view(domain),
        registration=registration_view(detail.queue_position),
        errors=[*domain.cf_errors, *domain.cf_ssl_errors],
        read_only=read_only_view(domain),
        findings=[finding_view(finding, domain.next_check_at, zone) for finding in detail.findings],
        next_sync_at=to_rfc3339(domain.next_check_at),
    )


def write_json(detail: DomainDetail) -> bytes:
    """Write one domain as JSON."""
    return msgspec.json.encode(domain_view(detail))


def write_answer(domain: bytes) -> bytes:
    """Write the JSON of a `DomainAnswer`. domain: JSON."""
    return b'{"domain":' + domain + b"}"


def write_list(page: Page[bytes]) -> bytes:
    """Write the JSON of a `DomainList`. page: of JSON."""
    return b'{"domains":[' + b",".join(page.items) + b'],"nextCursor":' + msgspec.json.encode(page.next_cursor) + b"}"
