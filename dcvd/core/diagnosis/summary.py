"""Summaries: a diagnosis in one sentence that says who has to do what next."""

from collections.abc import Sequence
from typing import Final, assert_never

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.edge import has_edge_fault
from dcvd.core.diagnosis.findings import is_about
from dcvd.core.domains.domain import (
    WAITING_STATUSES,
    DnsState,
    Domain,
    DomainError,
    DomainErrorCode,
    DomainStatus,
    Finding,
    FindingActor,
)
from dcvd.core.domains.renewals import domain_renewal_overdue_at
from dcvd.core.domains.required_records import missing_validation_record
from dcvd.core.domains.typed_records import find_place, find_zone
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.sentences.rendering import Language, render
from dcvd.core.sentences.sentence import Sentence, TypedRecord, quote, say

_TURNS: Final[dict[FindingActor, str]] = {
    "customer": "customers_turn",
    "operator": "operators_turn",
    "nobody": "nobodys_turn",
}


def summarize_domain(
    domain: Domain, findings: Sequence[Finding], language: Language = "en", *, now: int | None = None
) -> str:
    """Summarize a domain; `findings` are its findings, most severe first. now: None where nothing counts as late."""
    return render(_summarize_domain(domain, findings, now), language)


def list_causes(domain: Domain, findings: Sequence[Finding], now: int) -> tuple[Sentence, ...]:
    """Return the summary of a domain without the words on whose turn it is."""
    turns = frozenset(_TURNS.values())
    return tuple(each for each in _summarize_domain(domain, findings, now) if each.id not in turns)


def summarize_preview(
    name: str,
    state: DnsState | None,
    findings: Sequence[Finding],
    language: Language = "en",
    *,
    is_new: bool,
    is_target_unknown: bool = False,
) -> str:
    """Summarize the check of a name that may not be added yet; `state` is None where DNS gave no answer.

    is_target_unknown: whether its target is chosen only when it is added.
    """
    summary = _summarize_preview(name, state, findings, is_new=is_new, is_target_unknown=is_target_unknown)
    return render(summary, language)


def _summarize_domain(domain: Domain, findings: Sequence[Finding], now: int | None) -> tuple[Sentence, ...]:
    fault = _first_of_severity(findings, "error")
    if fault is not None:
        return _tell(fault)
    if domain.error is not None:
        # A finding of the same code also says what is being done about it.
        same = next((finding for finding in findings if is_about(finding, domain.error)), None)
        return _describe_error(domain, domain.error) if same is None else _tell(same)
    warning = _first_of_severity(findings, "warning")
    if warning is not None and domain.status in WAITING_STATUSES:
        return _tell(warning)
    match domain.status:
        case DomainStatus.ACTIVE if warning is not None and has_edge_fault(findings):
            return _tell(warning)  # browsers are not served, so nobody is told that they are
        case DomainStatus.ACTIVE if warning is not None:
            return say("serves_but", hostname=domain.name), *_tell(warning)
        case DomainStatus.ACTIVE if (late := _describe_late_renewal(domain, now)) is not None:
            return (late,)
        case DomainStatus.ACTIVE if domain.is_ready:
            return (say("serves", hostname=domain.name),)
        case DomainStatus.ACTIVE:
            return (say("serves_unknown", hostname=domain.name),)
        case DomainStatus.ISSUING if (record := missing_validation_record(domain)) is not None:
            place = find_place(record.name, find_zone(domain))
            typed = TypedRecord(record.type, place.host, record.value or say("value_to_come"))
            return (say("record_there_next", hostname=domain.name, record=typed),)
        case DomainStatus.ISSUING:
            return (say("issuing", hostname=domain.name),)
        case DomainStatus.PENDING_CNAME if domain.dns_state is DnsState.UNKNOWN and domain.incomplete_checks:
            return (say("checks_unanswered", hostname=domain.name),)
        case DomainStatus.PENDING_CNAME if domain.dns_state is DnsState.UNKNOWN:
            return (say("not_checked_yet", hostname=domain.name),)
        case DomainStatus.PENDING_CNAME:
            return (say("confirming", hostname=domain.name),)
        case DomainStatus.ERROR:
            return (say("stuck", hostname=domain.name),)
        case _:
            assert_never(domain.status)


def _describe_late_renewal(domain: Domain, now: int | None) -> Sentence | None:
    """Return the sentence on a renewal that is late, and on who has to act; None where none is."""
    late_since = domain_renewal_overdue_at(domain)
    if now is None or late_since is None or now < late_since or domain.expires_at is None:
        return None
    is_uploaded = domain.read_only in (ReadOnlyReason.CUSTOM_CERTIFICATE, ReadOnlyReason.CUSTOM_CSR)
    return say(
        "renewal_late_uploaded" if is_uploaded else "renewal_late",
        hostname=domain.name,
        since=to_rfc3339(late_since - late_since % SECOND),
        until=to_rfc3339(domain.expires_at - domain.expires_at % SECOND),
    )


def _summarize_preview(
    name: str, state: DnsState | None, findings: Sequence[Finding], *, is_new: bool, is_target_unknown: bool
) -> tuple[Sentence, ...]:
    fault = _first_of_severity(findings, "error")
    if fault is not None:
        return _tell(fault)
    if state is None and (failed := _find_failed_resolvers(findings)) is not None:
        return _tell(failed)
    if state is None:
        return (say("preview_unanswered", hostname=name),)
    if is_target_unknown:
        return (say("preview_target_unknown", hostname=name),)
    if state is DnsState.UNVERIFIABLE:
        return (say("preview_hidden_new" if is_new else "preview_hidden", hostname=name),)
    warning = _first_of_severity(findings, "warning")
    if warning is not None:
        return say("preview_right_but_new" if is_new else "preview_right_but", hostname=name), *_tell(warning)
    return (say("preview_right_new" if is_new else "preview_right", hostname=name),)


def _find_failed_resolvers(findings: Sequence[Finding]) -> Finding | None:
    return next((finding for finding in findings if finding.code == FindingCode.RESOLVERS_FAILED), None)


def _first_of_severity(findings: Sequence[Finding], severity: str) -> Finding | None:
    return next((finding for finding in findings if finding.severity == severity), None)


def _describe_error(domain: Domain, error: DomainError) -> tuple[Sentence, ...]:
    """Return the sentences on an error that no finding is about; its own message where the code is none of ours."""
    match error.code:
        case DomainErrorCode.DELETED:
            return (say("error_deleted", hostname=domain.name),)
        case DomainErrorCode.CERTIFICATE_GONE:
            return (say("error_certificate_gone", hostname=domain.name, status=domain.cf_ssl_status or "gone"),)
        case DomainErrorCode.CERTIFICATE_EXPIRED if domain.expires_at is not None:
            expired = say("error_certificate_expired", hostname=domain.name, when=to_rfc3339(domain.expires_at))
            return (expired, say("ordered_again")) if domain.read_only is None else (expired,)
        case DomainErrorCode.DOMAIN_HELD:
            return (say("error_held", hostname=domain.name),)
        case DomainErrorCode.REGISTRATION_FAILED:
            return (say("error_registration_failed", hostname=domain.name),)
        case _:
            return (quote(error.message),)


def _tell(finding: Finding) -> tuple[Sentence, ...]:
    return say(_TURNS[finding.actor]), *finding.list_sentences()
