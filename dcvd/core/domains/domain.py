"""A domain: one customer's hostname and all that is known of it."""

from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct


class DomainStatus(StrEnum):
    """Where a domain is on its way."""

    PENDING_CNAME = "pending_cname"
    ISSUING = "issuing"
    ACTIVE = "active"
    ERROR = "error"


class DnsState(StrEnum):
    """What DNS says of the record; `unverifiable`: it hides the record (proxied, flattened), which is no fault."""

    UNKNOWN = "unknown"
    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    FAILED = "failed"


class DomainError(Struct, frozen=True):
    """Why a domain will not go on by itself: a stable code and a sentence for a person."""

    code: str
    message: str


class Certificate(Struct, frozen=True, kw_only=True):
    """The certificate in service; instants in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    issued_at: int | None = None
    expires_at: int


class Record(Struct, frozen=True):
    """A DNS record as a person types it."""

    type: str
    name: str
    value: str


Severity = Literal["error", "warning", "info"]
FindingActor = Literal["customer", "operator", "nobody"]


class Finding(Struct, frozen=True, kw_only=True):
    """One diagnosis: what is wrong, who has to act, and what exactly to type.

    `next_check_at` (milliseconds) is when it makes sense to look again; None: at the domain's next look.
    """

    code: str
    severity: Severity
    actor: FindingActor
    message: str
    fix: Record | None = None
    evidence: tuple[str, ...] = ()
    next_check_at: int | None = None


ValidationMethod = Literal["http", "delegated"]
"""How the CA is shown whose the name is: by the routing CNAME alone, or by `_acme-challenge`, delegated by a CNAME."""
RecordPurpose = Literal["routing", "validation"]


class RequiredRecord(Struct, frozen=True, kw_only=True):
    """A record that the customer has to create, and whether we have seen it.

    `value` is None for the moment until Cloudflare has named it, some seconds after the domain was added.
    """

    type: str
    name: str
    value: str | None
    purpose: RecordPurpose
    is_verified: bool


class Domain(Struct, frozen=True, kw_only=True):
    """The whole state of a domain; a new value replaces the old one, nothing changes in place.

    Instants are milliseconds. `dns_failures` counts failed DNS checks in a row and `pending_reports` the looks in a row
    at which Cloudflare called a serving hostname pending; `checks_since_change` counts looks since the last change, for
    the schedule, and `incomplete_checks` looks in a row at which Cloudflare or DNS could not be asked.
    `latest_expires_at` is the latest expiry ever seen; `warned_expires_at` and `warnings_sent` say for which expiry how
    many of the warning thresholds were already told. `certificate` serves; `next_certificate` was issued to follow it.
    `connection_id`: the connection that writes its records. `challenge_target` is where `_acme-challenge` has to point,
    in Cloudflare's words; `waits_for_txt`: it waits for TXT records instead. `certificate_authority` issues, in
    Cloudflare's words, or is to be asked next. `remedies_applied` counts what was done at Cloudflare, since it last
    went well, to bring the domain back; `remedy_wait_started_at` is when that was done last, or since when something
    waits for a remedy (see `healing`).
    """

    id: str
    org_id: str
    name: str
    status: DomainStatus
    error: DomainError | None = None
    cname_target: str
    validation: ValidationMethod = "http"
    wildcard: bool = False
    challenge_target: str | None = None
    challenge_verified: bool = False
    connection_id: str | None = None
    waits_for_txt: bool = False
    certificate_authority: str | None = None
    cf_id: str | None = None
    cf_status: str | None = None
    cf_ssl_status: str | None = None
    cf_errors: tuple[str, ...] = ()
    cf_ssl_errors: tuple[str, ...] = ()
    certificate: Certificate | None = None
    next_certificate: Certificate | None = None
    latest_expires_at: int | None = None
    warned_expires_at: int | None = None
    warnings_sent: int = 0
    dns_state: DnsState = DnsState.UNKNOWN
    dns_failures: int = 0
    pending_reports: int = 0
    findings: tuple[Finding, ...] = ()
    checks_since_change: int = 0
    incomplete_checks: int = 0
    remedies_applied: int = 0
    remedy_wait_started_at: int | None = None
    dns_checked_at: int | None = None
    cf_checked_at: int | None = None
    next_check_at: int
    created_at: int
    updated_at: int

    @property
    def expires_at(self) -> int | None:
        """Expiry of the certificate in service, where Cloudflare told one."""
        return self.certificate.expires_at if self.certificate else None

    @property
    def is_ready(self) -> bool:
        """Hostname active, certificate active, and DNS points here (or hides that it does)."""
        return self.status is DomainStatus.ACTIVE and self.dns_state in POINTING_STATES


POINTING_STATES: Final = frozenset({DnsState.VERIFIED, DnsState.UNVERIFIABLE})
CHALLENGE_LABEL: Final = "_acme-challenge"
WAITING_STATUSES: Final = frozenset({DomainStatus.PENDING_CNAME, DomainStatus.ISSUING})


def new_domain(
    *,
    domain_id: str,
    org_id: str,
    name: str,
    cname_target: str,
    now: int,
    validation: ValidationMethod = "http",
    wildcard: bool = False,
    challenge_target: str | None = None,
    connection_id: str | None = None,
) -> Domain:
    """A domain that was just added: nothing seen yet, its first look due at once."""
    return Domain(
        id=domain_id,
        org_id=org_id,
        name=name,
        status=DomainStatus.PENDING_CNAME,
        cname_target=cname_target,
        validation=validation,
        wildcard=wildcard,
        challenge_target=challenge_target,
        connection_id=connection_id,
        next_check_at=now,
        created_at=now,
        updated_at=now,
    )


def delegation_suffix(domain: Domain) -> str | None:
    """The name below which Cloudflare has the challenges of the whole zone answered, where this domain tells it."""
    target, before = domain.challenge_target, f"{domain.name}."
    return target.removeprefix(before) if target is not None and target.startswith(before) else None


def required_records(domain: Domain) -> tuple[RequiredRecord, ...]:
    """Every record that the customer has to have in DNS, verified or not."""
    routing = RequiredRecord(
        type="CNAME",
        name=domain.name,
        value=domain.cname_target,
        purpose="routing",
        # The state forgives one failed check, but here stands what was seen last, as in the findings.
        is_verified=domain.dns_state is DnsState.VERIFIED and not domain.dns_failures,
    )
    if domain.validation == "http":
        return (routing,)
    validation = RequiredRecord(
        type="CNAME",
        name=f"{CHALLENGE_LABEL}.{domain.name}",
        value=domain.challenge_target,
        purpose="validation",
        is_verified=domain.challenge_verified,
    )
    return (routing, validation)


def records_to_remove(domain: Domain) -> tuple[Record, ...]:
    """What the customer should take out of DNS once the domain is removed.

    A CNAME that is left behind lets whoever gets its target next answer for the customer's name.
    """
    return tuple(
        Record(record.type, record.name, record.value)
        for record in required_records(domain)
        if record.value is not None
    )


class LeftoverRecord(Struct, frozen=True, kw_only=True):
    """A record that should go once its domain is removed, and whether we wrote it and are taking it out."""

    type: str
    name: str
    value: str
    written_by_us: bool = False
    being_removed: bool = False
