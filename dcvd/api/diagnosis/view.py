"""A diagnosis as JSON."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from dcvd.api.diagnosis.explanation_view import DiagnosisExplanation, diagnosis_explanation
from dcvd.api.domains.finding_view import (
    ErrorView,
    FindingView,
    finding_view,
)
from dcvd.api.domains.record_view import RequiredRecordView, ZoneProviderView, required_record_views, zone_provider_view
from dcvd.core.dns.providers import find_provider_by_name
from dcvd.core.domains.domain import DnsState, DomainStatus
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.core.instants import MINUTE, format_instant
from dcvd.core.sentences.rendering import Language
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.diagnosis import Diagnosis, NameHolder, Preview

_RECHECK_AFTER_MS: Final = MINUTE
"""How long after a preview another check is worthwhile, unless a finding names a time of its own."""


class DiagnosisView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong with a domain, who has to act, and what exactly to type. `summary` says it in one sentence.

    `findings`: the most severe comes first, and is what to act on next. `checkedAt`: when DNS or Cloudflare last
    answered; `nextCheckAt`: when they are asked again.
    """

    domain_id: str
    domain_name: str
    status: DomainStatus
    ready: bool
    dns_status: DnsState
    error: ErrorView | None
    findings: list[FindingView]
    required_records: list[RequiredRecordView]
    dns_provider: ZoneProviderView | None
    checked_at: Instant | None
    next_check_at: Instant
    summary: str


class DiagnosisAnswer(Struct, frozen=True):
    diagnosis: DiagnosisView


class PreviewView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would keep a name from working, before it is added.

    `registered`: whether you have added it already; `domainId`: its id then.
    `dnsStatus` is null when DNS was not asked, or could not be. A `cnameTarget` with the label `{token}` means that
    each domain gets a target of its own when it is added, so the record can be created only then.
    """

    domain_name: str
    registered: NameHolder
    domain_id: str | None
    cname_target: str
    dns_status: DnsState | None
    findings: list[FindingView]
    required_records: list[RequiredRecordView]
    dns_provider: ZoneProviderView | None
    checked_at: Instant
    summary: str


class PreviewAnswer(Struct, frozen=True):
    """A diagnosis; `explanation` where it was asked for, and DNS was."""

    diagnosis: PreviewView
    explanation: DiagnosisExplanation | UnsetType = UNSET


def diagnosis_answer(diagnosis: Diagnosis, language: Language) -> DiagnosisAnswer:
    """Show the diagnosis of a domain."""
    domain = diagnosis.domain
    zone = find_zone(domain)
    check_times = [at for at in (domain.dns_checked_at, domain.cf_checked_at) if at is not None]
    return DiagnosisAnswer(
        build_view(
            DiagnosisView,
            domain,
            domain_id=domain.id,
            domain_name=domain.name,
            ready=domain.is_ready,
            dns_status=domain.dns_state,
            findings=[finding_view(finding, domain.next_check_at, zone, language) for finding in diagnosis.findings],
            required_records=required_record_views(required_records_to_type(domain), zone, language),
            dns_provider=zone_provider_view(find_provider_by_name(domain.dns_provider)),
            checked_at=format_instant(max(check_times, default=None)),
            summary=diagnosis.summarize(language),
        )
    )


def preview_answer(preview: Preview, language: Language) -> PreviewAnswer:
    """Show the preview of a name that is not added yet."""
    observation = preview.observation
    return PreviewAnswer(
        explanation=UNSET if observation is None else diagnosis_explanation(observation.facts, observation.queries),
        diagnosis=build_view(
            PreviewView,
            preview,
            domain_name=preview.name,
            registered=preview.holder,
            cname_target=preview.target,
            dns_status=preview.state,
            findings=[
                finding_view(finding, preview.checked_at + _RECHECK_AFTER_MS, preview.zone, language)
                for finding in preview.findings
            ],
            required_records=required_record_views(preview.records, preview.zone, language),
            dns_provider=zone_provider_view(preview.provider),
            summary=preview.summarize(language),
        ),
    )
