"""A diagnosis in the API's JSON form, whether it comes from the daemon or from DNS alone."""

from typing import Final

from msgspec import Struct

from dcvd.api.domains.finding_view import ErrorView, UndatedFindingView, params_view
from dcvd.api.domains.record_view import (
    RequiredRecordView,
    ZoneProviderView,
    record_view,
    required_record_views,
    zone_provider_view,
)
from dcvd.core.diagnosis.preview import DomainDiagnosis
from dcvd.core.diagnosis.summary import summarize_preview
from dcvd.core.dns.facts import ResolverAnswer, ServerAnswer
from dcvd.core.domains import targets
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Finding
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.sentences.rendering import Language
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view

_GOOD_STATES: Final = frozenset({DnsState.VERIFIED, DnsState.UNVERIFIABLE})


class FindingOutput(UndatedFindingView, frozen=True, kw_only=True, rename="camel"):
    """A finding; one about which only DNS was asked need not say when the next check makes sense."""

    next_check_at: Instant | None = None


class DiagnosisOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """A diagnosis; `domain_id` and `status` are None if only DNS was asked."""

    domain_name: str
    domain_id: str | None = None
    status: DomainStatus | None = None
    ready: bool = False
    dns_status: DnsState | None = None
    error: ErrorView | None = None
    findings: list[FindingOutput] = []
    required_records: list[RequiredRecordView] = []
    dns_provider: ZoneProviderView | None = None
    checked_at: Instant | None = None
    next_check_at: Instant | None = None
    summary: str

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong and, if the domain was added, it serves."""
        if any(finding.severity == "error" for finding in self.findings):
            return False
        return self.ready if self.status is not None else self.dns_status in _GOOD_STATES

    @property
    def target(self) -> str | None:
        """The name to which the hostname has to point."""
        return next((record.value for record in self.required_records if record.purpose == "routing"), None)


class DnsOutput(Struct, frozen=True):
    """The answers of DNS servers and resolvers to this command."""

    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ResolverAnswer, ...] = ()


def diagnosis_from_dns(domain: Domain, diagnosis: DomainDiagnosis, now: int, language: Language) -> DiagnosisOutput:
    """Build the diagnosis of a name about which only DNS was asked."""
    return DiagnosisOutput(
        domain_name=domain.name,
        dns_status=diagnosis.state,
        findings=[_finding_output(finding, diagnosis.zone, language) for finding in diagnosis.findings],
        required_records=required_record_views(diagnosis.records, diagnosis.zone, language),
        dns_provider=zone_provider_view(diagnosis.provider),
        checked_at=to_rfc3339(now),
        summary=summarize_preview(
            domain.name,
            diagnosis.state,
            diagnosis.findings,
            language,
            is_new=True,
            is_target_unknown=targets.is_target_template(domain.cname_target),
        ),
    )


def diagnosis_of_invalid_name(name: str, findings: tuple[Finding, ...], language: Language) -> DiagnosisOutput:
    """Build the diagnosis of a name that cannot be added."""
    return DiagnosisOutput(
        domain_name=name,
        findings=[_finding_output(finding, name, language) for finding in findings],
        summary=summarize_preview(name, None, findings, language, is_new=True),
    )


def _finding_output(finding: Finding, zone: str, language: Language) -> FindingOutput:
    return build_view(
        FindingOutput,
        finding,
        message=finding.say(language),
        params=params_view(finding.list_sentences()),
        fix=None if finding.fix is None else record_view(finding.fix, zone),
        next_check_at=format_instant(finding.next_check_at),
        since=format_instant(finding.since),
        hurts_at=format_instant(finding.hurts_at),
    )
