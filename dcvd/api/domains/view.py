"""A domain as JSON."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from dcvd.api.http.parameters import Instant, shown
from dcvd.core.diagnosis import findings_of
from dcvd.core.domains.domain import (
    Actor,
    Certificate,
    DnsState,
    Domain,
    DomainStatus,
    Finding,
    LeftRecord,
    Purpose,
    Severity,
    Validation,
    required_records,
)
from dcvd.core.instants import to_rfc3339
from dcvd.core.lifecycle.registration_queue import Place, PlaceState
from dcvd.store.engine.paging import Page


class ErrorView(Struct, frozen=True):
    """Why something does not go on: a stable code and a sentence."""

    code: str
    message: str


class RecordView(Struct, frozen=True):
    """A DNS record, as a person types it."""

    type: str
    name: str
    value: str


class LeftRecordView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A DNS record that should go with its domain. `writtenByUs`: through a connection; `beingRemoved`: a job takes it
    out, if it still is as it was written."""

    type: str
    name: str
    value: str
    written_by_us: bool
    being_removed: bool


class RequiredRecordView(Struct, frozen=True):
    """A DNS record that the customer has to create, and whether it was seen."""

    type: str
    name: str
    value: str | None
    purpose: Purpose
    verified: bool


class CertificateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A certificate: in service, or issued to follow the one that is."""

    serial: str | None
    issuer: str | None
    issued_at: Instant | None
    expires_at: Instant


class FindingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One diagnosis: what is wrong, who has to act, the record to type, and when it makes sense to look again."""

    code: str
    severity: Severity
    actor: Actor
    message: str
    fix: RecordView | None
    evidence: list[str]
    next_check_at: Instant


class RegistrationView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far the registration at Cloudflare is, which takes only so many a minute; null once it is done.

    `queued`: it comes in its turn, or is about to be put in the line again (then without a position). `retrying`: it
    failed, and is tried again. `failed`: it was given up; retry its job, or see `error`. `position` counts from 1, the
    next one; `expectedAt` is when it comes if nothing fails.
    """

    state: PlaceState
    position: int | None
    expected_at: Instant | None


class DomainView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain and all that is known of it. `ready`: it serves, and DNS points here.

    `connectionId`: the connection that writes its records. `cfStatus`, `cfSslStatus` and `errors` are Cloudflare's own
    words.
    """

    id: str
    org_id: str
    domain_name: str
    status: DomainStatus
    ready: bool
    error: ErrorView | None
    required_records: list[RequiredRecordView]
    cname_target: str
    validation: Validation
    wildcard: bool
    connection_id: str | None
    registration: RegistrationView | None
    cf_status: str | None
    cf_ssl_status: str | None
    errors: list[str]
    certificate: CertificateView | None
    next_certificate: CertificateView | None
    expires_at: Instant | None
    dns_state: DnsState
    findings: list[FindingView]
    dns_checked_at: Instant | None
    cf_checked_at: Instant | None
    next_sync_at: Instant
    created_at: Instant
    updated_at: Instant


class DomainAnswer(Struct, frozen=True):
    domain: DomainView


class DomainList(Struct, frozen=True, kw_only=True, rename="camel"):
    domains: list[DomainView]
    next_cursor: str | None


class RemovedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain that was removed, as it last was, and what is now to be taken out of DNS.

    A CNAME that is left behind lets whoever gets its target next answer for the name.
    """

    domain: DomainView
    records_to_remove: list[LeftRecordView]


def answer(domain: Domain, place: Place | None) -> DomainAnswer:
    """One domain, wrapped, with its place in the line of registrations."""
    return DomainAnswer(_view(domain, place))


def listed(found: Page[Domain], places: Mapping[str, Place]) -> DomainList:
    """A page of domains, with their places in the line of registrations."""
    return DomainList(
        domains=[_view(domain, places.get(domain.id)) for domain in found.items], next_cursor=found.next_cursor
    )


def removed(domain: Domain, left: Iterable[LeftRecord]) -> RemovedAnswer:
    """A domain that is gone, and what it leaves in DNS."""
    return RemovedAnswer(domain=_view(domain, None), records_to_remove=left_record_views(left))


def left_record_views(records: Iterable[LeftRecord]) -> list[LeftRecordView]:
    """What should be taken out of DNS."""
    return [
        LeftRecordView(
            type=record.type,
            name=record.name,
            value=record.value,
            written_by_us=record.written_by_us,
            being_removed=record.being_removed,
        )
        for record in records
    ]


def required_record_views(domain: Domain) -> list[RequiredRecordView]:
    """All that the customer has to have in DNS."""
    return [
        RequiredRecordView(record.type, record.name, record.value, record.purpose, record.verified)
        for record in required_records(domain)
    ]


def registration_view(place: Place | None) -> RegistrationView | None:
    """A place in the line of registrations."""
    if place is None:
        return None
    return RegistrationView(state=place.state, position=place.position, expected_at=shown(place.expected_at))


def _view(domain: Domain, place: Place | None) -> DomainView:
    return DomainView(
        id=domain.id,
        org_id=domain.org_id,
        domain_name=domain.name,
        status=domain.status,
        ready=domain.ready,
        error=None if domain.error is None else ErrorView(domain.error.code, domain.error.message),
        required_records=required_record_views(domain),
        cname_target=domain.cname_target,
        validation=domain.validation,
        wildcard=domain.wildcard,
        connection_id=domain.connection_id,
        registration=registration_view(place),
        cf_status=domain.cf_status,
        cf_ssl_status=domain.cf_ssl_status,
        errors=[*domain.cf_errors, *domain.cf_ssl_errors],
        certificate=None if domain.certificate is None else _certificate(domain.certificate),
        next_certificate=None if domain.next_certificate is None else _certificate(domain.next_certificate),
        expires_at=shown(domain.expires_at),
        dns_state=domain.dns_state,
        findings=[finding_view(finding, domain.next_sync_at) for finding in findings_of(domain)],
        dns_checked_at=shown(domain.dns_checked_at),
        cf_checked_at=shown(domain.cf_checked_at),
        next_sync_at=to_rfc3339(domain.next_sync_at),
        created_at=to_rfc3339(domain.created_at),
        updated_at=to_rfc3339(domain.updated_at),
    )


def _certificate(certificate: Certificate) -> CertificateView:
    return CertificateView(
        serial=certificate.serial,
        issuer=certificate.issuer,
        issued_at=shown(certificate.issued_at),
        expires_at=to_rfc3339(certificate.expires_at),
    )


def finding_view(finding: Finding, next_look_at: int) -> FindingView:
    """A finding; without a time of its own it is checked at the domain's next look."""
    fix = finding.fix
    return FindingView(
        code=finding.code,
        severity=finding.severity,
        actor=finding.actor,
        message=finding.message,
        fix=None if fix is None else RecordView(fix.type, fix.name, fix.value),
        evidence=list(finding.evidence),
        next_check_at=to_rfc3339(next_look_at if finding.next_check_at is None else finding.next_check_at),
    )
