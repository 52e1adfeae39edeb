"""A diagnosis as the command line has it: shaped as in the API, whether the daemon gave it or DNS alone."""

from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.preview import Judged
from dcvd.core.diagnosis.summary import preview_summary
from dcvd.core.domains import targets
from dcvd.core.domains.dns_facts import ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import Actor, DnsState, Domain, DomainStatus, Finding, Purpose, Severity
from dcvd.core.instants import to_rfc3339

_RIGHT: Final = frozenset({DnsState.VERIFIED, DnsState.UNVERIFIABLE})


class FixView(Struct, frozen=True):
    """The record to type."""

    type: str
    name: str
    value: str


class FindingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong, and who has to act; instants here and below are RFC 3339."""

    code: str
    severity: Severity
    actor: Actor
    message: str
    fix: FixView | None = None
    evidence: list[str] = []
    next_check_at: str | None = None


class RequiredView(Struct, frozen=True):
    """A record that has to be in DNS."""

    type: str
    name: str
    value: str | None
    purpose: Purpose
    verified: bool


class ErrorView(Struct, frozen=True):
    """Why a domain does not go on by itself."""

    code: str
    message: str


class DiagnosisView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`domain_id` and `status` are None of a name that was looked up in DNS alone."""

    domain_name: str
    domain_id: str | None = None
    status: DomainStatus | None = None
    ready: bool = False
    dns_state: DnsState | None = None
    error: ErrorView | None = None
    findings: list[FindingView] = []
    required_records: list[RequiredView] = []
    checked_at: str | None = None
    next_check_at: str | None = None
    summary: str

    @property
    def is_healthy(self) -> bool:
        """Nothing is wrong, and where it was added it serves."""
        if any(finding.severity == "error" for finding in self.findings):
            return False
        return self.ready if self.status is not None else self.dns_state in _RIGHT

    @property
    def target(self) -> str | None:
        """Where the hostname has to point."""
        return next((record.value for record in self.required_records if record.purpose == "routing"), None)


class DnsView(Struct, frozen=True):
    """What was asked of DNS here and now, and who said what."""

    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ResolverAnswer, ...] = ()


def of_dns(domain: Domain, seen: Judged, now: int) -> DiagnosisView:
    """Of a name that was looked up in DNS alone."""
    return DiagnosisView(
        domain_name=domain.name,
        dns_state=seen.state,
        findings=[_finding(finding) for finding in seen.findings],
        required_records=[
            RequiredView(record.type, record.name, record.value, record.purpose, record.verified)
            for record in seen.records
        ],
        checked_at=to_rfc3339(now),
        summary=preview_summary(
            domain.name,
            seen.state,
            seen.findings,
            is_new=True,
            given_later=targets.is_template(domain.cname_target),
        ),
    )


def of_unusable(name: str, findings: tuple[Finding, ...]) -> DiagnosisView:
    """Of a name that nobody can add."""
    return DiagnosisView(
        domain_name=name,
        findings=[_finding(finding) for finding in findings],
        summary=preview_summary(name, None, findings, is_new=True),
    )


def _finding(finding: Finding) -> FindingView:
    fix, at = finding.fix, finding.next_check_at
    return FindingView(
        code=finding.code,
        severity=finding.severity,
        actor=finding.actor,
        message=finding.message,
        fix=None if fix is None else FixView(fix.type, fix.name, fix.value),
        evidence=list(finding.evidence),
        next_check_at=None if at is None else to_rfc3339(at),
    )
