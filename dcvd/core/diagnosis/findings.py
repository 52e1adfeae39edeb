"""How findings are made. What strangers' zones hold goes into them printable, short, and not too much of it."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding, Record, Severity
from dcvd.core.text import make_printable

_MOST_EVIDENCE: Final = 10
_MOST_NAMED: Final = 4
_LONGEST_TEXT: Final = 255
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class RoutingDiagnosis(NamedTuple):
    """What is to be said of the way from the hostname to the target; `state` is None where nothing can be."""

    state: DnsState | None
    findings: tuple[Finding, ...] = ()


def failed_routing(*findings: Finding) -> RoutingDiagnosis:
    """It does not lead to the target, by these mistakes, the first to mend first."""
    return RoutingDiagnosis(DnsState.FAILED, findings)


def customer_error(
    facts: DnsFacts, code: FindingCode, message: str, evidence: Iterable[str], *, fix: Record | None = None
) -> Finding:
    """Something that the customer has to put right: by the record from the hostname to the target, or by `fix`."""
    return Finding(
        code=code,
        severity="error",
        actor="customer",
        message=message,
        fix=fix or required_cname(facts),
        evidence=shorten_evidence(evidence),
    )


def required_cname(facts: DnsFacts) -> Record:
    """The record that is wanted."""
    return Record("CNAME", facts.hostname, facts.target)


def shorten_evidence(evidence: Iterable[str]) -> tuple[str, ...]:
    """The first few, each once, printable, of a line's length."""
    kept = dict.fromkeys(text for each in evidence if (text := make_printable(each)[:_LONGEST_TEXT]))
    return tuple(kept)[:_MOST_EVIDENCE]


def join_names(names: Sequence[str]) -> str:
    """`a, b, c, d and 6 more`, for a sentence."""
    shown = [make_printable(name)[:_LONGEST_TEXT] for name in names[:_MOST_NAMED]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each code once, by severity, and within one severity in the order given."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.code, finding)
    return tuple(sorted(first.values(), key=lambda finding: _SEVERITIES.index(finding.severity)))
