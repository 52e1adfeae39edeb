"""A diagnosis in the API's JSON form, whether it comes from the daemon or from DNS alone."""

from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.preview import DomainDiagnosis
from dcvd.core.diagnosis.summary import summarize_preview
from dcvd.core.domains import targets
from dcvd.core.domains.dns_facts import ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Finding, FindingActor, RecordPurpose, Severity
from dcvd.core.instants import to_rfc3339

_GOOD_STATES: Final = frozenset({DnsState.VERIFIED, DnsState.UNVERIFIABLE})


class FixOutput(Struct, frozen=True):
    """The record that somebody has to type."""

    type: str
    name: str
    value: str


class FindingOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """One finding: what is wrong, and who has to act; instants here and below are RFC 3339."""

    code: str
    severity: Severity
    actor: FindingActor
    message: str
    fix: FixOutput | None = None
    evidence: list[str] = []
    next_check_at: str | None = None


class RequiredRecordOutput(Struct, frozen=True):
    """A record that has to be in DNS."""

    type: str
    name: str
    value: str | None
    purpose: RecordPurpose
    verified: bool


class ErrorOutput(Struct, frozen=True):
    """Why a domain cannot go on by itself."""

    code: str
    message: str


class DiagnosisOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """A diagnosis; `domain_id` and `status` are None if only DNS was asked."""

    domain_name: str
    domain_id: str | None = None
    status: DomainStatus | None = None
    ready: bool = False
    dns_state: DnsState | None = None
    error: ErrorOutput | None = None
    findings: list[FindingOutput] = []
    required_records: list[RequiredRecordOutput] = []
    checked_at: str | None = None
    next_check_at: str | None = None
    summary: str

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong and, if the domain was added, it serves."""
        if any(finding.severity == "error" for finding in self.findings):
            return False
        return self.ready if self.status is not None else self.dns_state in _GOOD_STATES

    @property
    def target(self) -> str | None:
        """The name to which the hostname has to point."""
        return next((record.value for record in self.required_records if record.purpose == "routing"), None)


class DnsOutput(Struct, frozen=True):
    """The answers of DNS servers and resolvers to this command."""

    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ResolverAnswer, ...] = ()


def diagnosis_from_dns(domain: Domain, diagnosis: DomainDiagnosis, now: int) -> DiagnosisOutput:
    """Build the diagnosis of a name about which only DNS was asked."""
    return DiagnosisOutput(
        domain_name=domain.name,
        dns_state=diagnosis.state,
        findings=[_finding_output(finding) for finding in diagnosis.findings],
        required_records=[
            RequiredRecordOutput(record.type, record.name, record.value, record.purpose, record.is_verified)
            for record in diagnosis.records
        ],
        checked_at=to_rfc3339(now),
        summary=summarize_preview(
            domain.name,
            diagnosis.state,
            diagnosis.findings,
            is_new=True,
            is_target_unknown=targets.is_target_template(domain.cname_target),
        ),
    )


def diagnosis_of_invalid_name(name: str, findings: tuple[Finding, ...]) -> DiagnosisOutput:
    """Build the diagnosis of a name that cannot be added."""
    return DiagnosisOutput(
        domain_name=name,
        findings=[_finding_output(finding) for finding in findings],
        summary=summarize_preview(name, None, findings, is_new=True),
    )


def _finding_output(finding: Finding) -> FindingOutput:
    fix, at = finding.fix, finding.next_check_at
    return FindingOutput(
        code=finding.code,
        severity=finding.severity,
        actor=finding.actor,
        message=finding.message,
        fix=None if fix is None else FixOutput(fix.type, fix.name, fix.value),
        evidence=list(finding.evidence),
        next_check_at=None if at is None else to_rfc3339(at),
    )
