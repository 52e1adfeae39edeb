"""How findings are made. What strangers' zones hold goes into them printable, short, and not too much of it."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding, Record, Severity
from dcvd.core.text import printable

_MOST_EVIDENCE: Final = 10
_MOST_NAMED: Final = 4
_LONGEST: Final = 255
_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class Routing(NamedTuple):
    """What is to be said of the way from the hostname to the target; `state` is None where nothing can be."""

    state: DnsState | None
    findings: tuple[Finding, ...] = ()


def failed(*findings: Finding) -> Routing:
    """It does not lead to the target, by these mistakes, the first to mend first."""
    return Routing(DnsState.FAILED, findings)


def mistake(
    facts: DnsFacts, code: FindingCode, message: str, evidence: Iterable[str], *, fix: Record | None = None
) -> Finding:
    """Something that the customer has to put right: by the record from the hostname to the target, or by `fix`."""
    return Finding(
        code=code,
        severity="error",
        actor="customer",
        message=message,
        fix=fix or cname(facts),
        evidence=shortened(evidence),
    )


def cname(facts: DnsFacts) -> Record:
    """The record that is wanted."""
    return Record("CNAME", facts.hostname, facts.target)


def shortened(evidence: Iterable[str]) -> tuple[str, ...]:
    """The first few, each once, printable, of a line's length."""
    kept = dict.fromkeys(text for each in evidence if (text := printable(each)[:_LONGEST]))
    return tuple(kept)[:_MOST_EVIDENCE]


def listed(names: Sequence[str]) -> str:
    """`a, b, c, d and 6 more`, for a sentence."""
    shown = [printable(name)[:_LONGEST] for name in names[:_MOST_NAMED]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each code once, by severity, and within one severity in the order given."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.code, finding)
    return tuple(sorted(first.values(), key=lambda finding: _SEVERITIES.index(finding.severity)))
