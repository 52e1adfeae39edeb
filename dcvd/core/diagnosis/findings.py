"""Functions that build findings. Text from strangers' zones is made printable and shortened."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.hostnames import find_typing_zone
from dcvd.core.domains.domain import DnsState, DomainError, Finding, FindingActor, Record, Severity
from dcvd.core.domains.typed_records import to_typed_record
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Sentence, TypedRecord
from dcvd.core.text import make_printable

_MAX_EVIDENCE_LINES: Final = 10
_MAX_TEXT_CHARS: Final = 255
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class RoutingDiagnosis(NamedTuple):
    """The diagnosis of whether the hostname leads to the target; `state` is None where that is not known."""

    state: DnsState | None
    findings: tuple[Finding, ...] = ()


def failed_routing(*findings: Finding | None) -> RoutingDiagnosis:
    """Return the diagnosis that the hostname does not lead to the target, with the findings to fix, in that order."""
    return RoutingDiagnosis(DnsState.FAILED, tuple(filter(None, findings)))


def new_finding(
    code: FindingCode,
    severity: Severity,
    actor: FindingActor,
    message: Sentence | Iterable[Sentence | None],
    evidence: Iterable[str],
    *,
    fix: Record | None = None,
) -> Finding:
    """Return a finding with its evidence shortened. Its message is one sentence, or several; None is left out."""
    sentences = (message,) if isinstance(message, Sentence) else tuple(each for each in message if each is not None)
    return Finding(
        code=code,
        severity=severity,
        actor=actor,
        message=render(sentences),
        sentences=sentences,
        fix=fix,
        evidence=shorten_evidence(evidence),
    )


def customer_error(
    facts: DnsFacts,
    code: FindingCode,
    message: Sentence | Iterable[Sentence | None],
    evidence: Iterable[str],
    *,
    fix: Record | None = None,
) -> Finding:
    """Return an error that the customer has to fix, by the CNAME from the hostname to the target or by `fix`."""
    return new_finding(code, "error", "customer", message, evidence, fix=fix or required_cname(facts))


def required_cname(facts: DnsFacts) -> Record:
    """Return the CNAME that the hostname needs."""
    return Record("CNAME", facts.hostname, facts.target)


def type_record(facts: DnsFacts, record: Record) -> TypedRecord:
    """Return a record of the hostname as it is typed."""
    return to_typed_record(record, find_typing_zone(facts.hostname, facts.zone))


def type_required_cname(facts: DnsFacts) -> TypedRecord:
    """Return the CNAME that the hostname needs as it is typed."""
    return type_record(facts, required_cname(facts))


def shorten_evidence(evidence: Iterable[str]) -> tuple[str, ...]:
    """Return the first few texts of the evidence, each once, printable and shortened to a line."""
    lines = dict.fromkeys(text for each in evidence if (text := make_printable(each)[:_MAX_TEXT_CHARS]))
    return tuple(lines)[:_MAX_EVIDENCE_LINES]


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by severity, otherwise in the given order, and keep only the first of each code."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.code, finding)
    return tuple(sorted(first.values(), key=lambda finding: _SEVERITIES.index(finding.severity)))


def is_about(finding: Finding, error: DomainError) -> bool:
    """Whether a finding is about the same as a domain's error, whose code may be the stage that timed out."""
    has_timed_out = error.code.endswith("timed_out") and finding.code == FindingCode.VALIDATION_TIMED_OUT
    return finding.code == error.code or has_timed_out


def date_findings(earlier: Iterable[Finding], findings: Iterable[Finding], now: int) -> tuple[Finding, ...]:
    """Return findings with the instant since when each is known, by its code; `earlier` are those of the last check."""
    known = {finding.code: finding.since for finding in earlier}
    return tuple(replace(finding, since=known.get(finding.code) or now) for finding in findings)
