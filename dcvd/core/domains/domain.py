"""A domain: a customer's hostname and all that we know about it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from msgspec import Struct

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.custom_hostnames.statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.sentences.rendering import Language, is_known, render
from dcvd.core.sentences.sentence import Sentence, quote


class DomainStatus(StrEnum):
    """The status of a domain, from waiting for its CNAME to serving https."""

    PENDING_CNAME = "pending_cname"
    ISSUING = "issuing"
    ACTIVE = "active"
    ERROR = "error"


class DnsState(StrEnum):
    """Whether DNS has the routing record; `unverifiable`: DNS hides it (proxied, flattened), which is no fault."""

    UNKNOWN = "unknown"
    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    FAILED = "failed"


class Proof(StrEnum):
    """How an organization has shown that a name is its to use.

    A CNAME to the target that all share, or Cloudflare's own validation of the hostname, shows that the name was meant
    for this service, but not for whom: it is enough where nobody else claims the name. The others are strong.
    """

    SHARED_CNAME = "shared_cname"
    OWN_TARGET = "own_target"
    """The name leads to the target that was made for this claim alone."""
    TXT = "txt"
    ZONE = "zone"
    """The organization has proved a zone that the name is in."""
    OPERATOR = "operator"
    """An operator has given the name to the organization."""

    @property
    def is_strong(self) -> bool:
        """Whether it says which organization may use the name."""
        return self is not Proof.SHARED_CNAME


class DomainErrorCode(StrEnum):
    """The codes of domain errors that rules know.

    Others are stored and shown as well: a certificate that timed out has its `ssl.status` as its code, and a refusal
    without a code here the number of Cloudflare's error.
    """

    BLOCKED = "blocked"
    MOVED = "moved"
    DELETED = "deleted"
    CERTIFICATE_GONE = "certificate_gone"
    CERTIFICATE_EXPIRED = "certificate_expired"
    HOSTNAME_TAKEN = "hostname_taken"
    HOSTNAME_DIFFERS = "hostname_differs"
    """Cloudflare has the hostname, not as it was ordered, and no edit changes that."""
    HOSTNAME_INVALID = "hostname_invalid"
    QUOTA_EXCEEDED = "quota_exceeded"
    PLAN_LACKS = "plan_lacks"
    """The plan of the operator's zone at Cloudflare does not have what was ordered."""
    REGISTRATION_FAILED = "registration_failed"
    """The hostname is not at Cloudflare, and nobody registers it until the `register` job is retried."""
    DOMAIN_HELD = "domain_held"
    """The claim is proved, but another organization proved its own before."""


class DomainError(Struct, frozen=True):
    """Why a domain's setup has stopped: a stable code and a sentence for a person."""

    code: str
    message: str


class Certificate(Struct, frozen=True, kw_only=True):
    """A certificate of a domain; instants are in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    issued_at: int | None = None
    expires_at: int


class ExpiryWarning(Struct, frozen=True, kw_only=True):
    """The warnings of one certificate's expiry: its serial, if known, its expiry then, and how many thresholds."""

    serial: str | None
    expires_at: int
    sent: int


class Record(Struct, frozen=True):
    """A DNS record as a person types it."""

    type: str
    name: str
    value: str


Severity = Literal["error", "warning", "info"]
FindingActor = Literal["customer", "operator", "nobody"]


class Finding(Struct, frozen=True, kw_only=True):
    """One diagnosis: what is wrong, who has to act, and the exact record to type.

    next_check_at: when another check makes sense; None means at the domain's next check. since: since when it is known
    to be so. hurts_at: from when on it hurts; None where it hurts already. Instants are in milliseconds.
    message: the sentences in English. sentences: empty for findings that an earlier version stored.
    """

    code: str
    severity: Severity
    actor: FindingActor
    message: str
    fix: Record | None = None
    evidence: tuple[str, ...] = ()
    next_check_at: int | None = None
    since: int | None = None
    hurts_at: int | None = None
    sentences: tuple[Sentence, ...] = ()

    def say(self, language: Language) -> str:
        """Return the message in a language, or in English where that cannot be."""
        return render(self.list_sentences(), language)

    def list_sentences(self) -> tuple[Sentence, ...]:
        """Return the sentences of the message; the message itself where this version does not know one of them."""
        if self.sentences and all(map(is_known, self.sentences)):
            return self.sentences
        return (quote(self.message),)


ValidationMethod = Literal["http", "delegated"]
"""How control of the name is proven to the CA: by the routing CNAME alone, or by a delegated `_acme-challenge`."""
RecordPurpose = Literal["routing", "validation", "wildcard"]
"""What a record is for: the hostname's traffic, the CA's proof, or the traffic of the names below the hostname."""
WILDCARD_MISSING: Final = "wildcard_missing"
"""The code of the finding that names below a hostname do not lead here, whose certificate is for them too."""


class RequiredRecord(Struct, frozen=True, kw_only=True):
    """A record that the customer has to create, and whether we have seen it in DNS.

    value: None until Cloudflare has chosen it, some seconds after the domain was added.
    is_possible: False where the provider of the zone has no such record. note: what is special about it.
    """

    type: str
    name: str
    value: str | None
    purpose: RecordPurpose
    is_verified: bool
    is_possible: bool = True
    note: Sentence | None = None


class Domain(Struct, frozen=True, kw_only=True):
    """The whole state of a domain: an organization's claim on a name, and what became of it.

    It is immutable: every change makes a new value. Instants are in milliseconds.

    external_id, labels: what the organization attached to it; labels are in the order of their keys.
    is_contested: whether other organizations claim the name too. has_own_target: whether `cname_target` was made for
        this claim alone.
    proof, proved_at: how the claim was proved, and when that was observed; at most one claim on a name is.
    dormant_since: from when on the claim, which nobody has proved, has no hostname at Cloudflare.
    unproved_ms: for how long checks have found the claim unproved (see `lifecycle.dormancy`).
    challenge_target: where `_acme-challenge` has to point, as Cloudflare names it.
    connection_id: the connection that writes the domain's records.
    waits_for_txt: whether Cloudflare waits for TXT records at `_acme-challenge`.
    certificate_authority: the CA that issues, by Cloudflare's name, or the one that is to be tried next.
    cf_differences: in what the hostname at Cloudflare is not what was ordered (see `domains.hostname_orders`).
    kept_settings: what the hostname at Cloudflare has that dcvd does not manage (see `domains.observations`).
    read_only: why the hostname at Cloudflare is only read; None where it is managed.
    awaits_first_check: whether it was imported and not checked since: what its first check finds was so before.
    certificate, next_certificate: the one that serves, and the one that was issued to follow it.
    latest_expires_at: the latest expiry ever seen.
    expiry_warnings: the certificates whose expiry was warned of.
    dns_failures: failed DNS checks in a row.
    dns_settles_at: when the turns of its DNS do not count any more (see `lifecycle.damping`).
    pending_reports: checks in a row at which Cloudflare called a serving hostname pending.
    checks_since_change: checks since the last change, for the schedule.
    incomplete_checks: checks in a row at which Cloudflare or DNS could not be asked.
    remedies_applied: remedies tried at Cloudflare since the domain was last healthy (see `lifecycle.remedies`).
    remedy_wait_started_at: when the last remedy was applied, or when the wait for one began.
    cf_changed_at: when what Cloudflare says of the hostname and its certificate last changed.
    ready_since: since when it is ready (see `diagnosis.readiness`); None where it is not.
    broken_since: since when it is not ready, although it has been; None for all others.
    edge_probed_at: when a probe last found out what serves it, since it is active and leads here.
    delegated_at: when DNS last showed that the name's domain is registered and delegated.
    dns_zone, dns_provider: the zone that holds the name, and the name of who runs it, as a check saw them.
    """

    id: str
    org_id: str
    name: str
    external_id: str | None = None
    labels: Mapping[str, str] = {}
    is_contested: bool = False
    status: DomainStatus
    error: DomainError | None = None
    cname_target: str
    has_own_target: bool = False
    proof: Proof | None = None
    proved_at: int | None = None
    dormant_since: int | None = None
    unproved_ms: int = 0
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
    cf_differences: tuple[str, ...] = ()
    certificate: Certificate | None = None
    next_certificate: Certificate | None = None
    latest_expires_at: int | None = None
    expiry_warnings: tuple[ExpiryWarning, ...] = ()
    dns_state: DnsState = DnsState.UNKNOWN
    dns_failures: int = 0
    dns_settles_at: int | None = None
    pending_reports: int = 0
    findings: tuple[Finding, ...] = ()
    checks_since_change: int = 0
    incomplete_checks: int = 0
    remedies_applied: int = 0
    remedy_wait_started_at: int | None = None
    dns_checked_at: int | None = None
    cf_checked_at: int | None = None
    cf_changed_at: int | None = None
    ready_since: int | None = None
    broken_since: int | None = None
    delegated_at: int | None = None
    edge_probed_at: int | None = None
    dns_zone: str | None = None
    dns_provider: str | None = None
    kept_settings: Mapping[str, Any] = {}
    read_only: ReadOnlyReason | None = None
    awaits_first_check: bool = False
    next_check_at: int
    created_at: int
    updated_at: int

    @property
    def entity_tag(self) -> str:
        """The tag of what a tenant can change of it; what checks find may differ under the same tag."""
        return build_entity_tag(self.id, self.external_id, tuple(self.labels.items()))

    @property
    def expires_at(self) -> int | None:
        """The expiry of the certificate that serves, where Cloudflare has given one."""
        return self.certificate.expires_at if self.certificate else None

    @property
    def hostname_class(self) -> HostnameClass:
        """The class of the hostname's status at Cloudflare."""
        return classify_hostname_status(self.cf_status)

    @property
    def certificate_class(self) -> CertificateClass:
        """The class of the certificate's status at Cloudflare."""
        return classify_ssl_status(self.cf_ssl_status)

    @property
    def may_serve(self) -> bool:
        """Whether what DNS and Cloudflare say of the name counts for this claim."""
        return self.proof is not None or not self.is_contested

    @property
    def has_strong_proof(self) -> bool:
        """Whether no other claim can take the name."""
        return self.proof is not None and self.proof.is_strong

    @property
    def is_parked(self) -> bool:
        """Whether its turn to be registered has come, but the hostname at Cloudflare was another claim's then."""
        return self.cf_id is None and self.hostname_class is HostnameClass.WAITING

    @property
    def awaits_reregistration(self) -> bool:
        """Whether Cloudflare no longer has the hostname, so that it is registered there again, if it was managed."""
        is_gone = self.cf_id is None and self.error is not None and self.error.code == DomainErrorCode.DELETED
        return is_gone and self.read_only is None

    @property
    def leaves_hostname(self) -> bool:
        """Whether its hostname stays at Cloudflare when it is removed, unless somebody asks for more."""
        return self.read_only is not None and self.cf_id is not None

    @property
    def awaits_adoption(self) -> bool:
        """Whether it was imported while Cloudflare did not answer, whose first answer says how it is ordered."""
        return self.awaits_first_check and self.cf_checked_at is None

    @property
    def is_ready(self) -> bool:
        """Whether it serves https and its traffic comes here, as of its last check."""
        return self.ready_since is not None


POINTING_STATES: Final = frozenset({DnsState.VERIFIED, DnsState.UNVERIFIABLE})
CHALLENGE_LABEL: Final = "_acme-challenge"
WILDCARD_LABEL: Final = "*"
OWNERSHIP_LABEL: Final = "_cf-custom-hostname"
"""Cloudflare's label for the TXT record that proves to it who owns a custom hostname."""
WAITING_STATUSES: Final = frozenset({DomainStatus.PENDING_CNAME, DomainStatus.ISSUING})


def new_domain(
    *,
    domain_id: str,
    org_id: str,
    name: str,
    cname_target: str,
    now: int,
    has_own_target: bool = False,
    is_contested: bool = False,
    validation: ValidationMethod = "http",
    wildcard: bool = False,
    challenge_target: str | None = None,
    connection_id: str | None = None,
    external_id: str | None = None,
    labels: Mapping[str, str] = {},
) -> Domain:
    """Return a domain that was just added: nothing is observed yet, and its first check is due at once."""
    return Domain(
        id=domain_id,
        org_id=org_id,
        name=name,
        status=DomainStatus.PENDING_CNAME,
        cname_target=cname_target,
        has_own_target=has_own_target,
        is_contested=is_contested,
        validation=validation,
        wildcard=wildcard,
        challenge_target=challenge_target,
        connection_id=connection_id,
        external_id=external_id,
        labels=labels,
        next_check_at=now,
        created_at=now,
        updated_at=now,
    )


def delegation_suffix(domain: Domain) -> str | None:
    """Return the name below which Cloudflare answers all challenges of our zone, if this domain's target shows it."""
    target, before = domain.challenge_target, f"{domain.name}."
    return target.removeprefix(before) if target is not None and target.startswith(before) else None


class LeftoverRecord(Struct, frozen=True, kw_only=True):
    """A record that a removed domain leaves in DNS, with its zone, and whether we wrote it and are removing it."""

    type: str
    name: str
    value: str
    zone: str
    written_by_us: bool = False
    being_removed: bool = False
