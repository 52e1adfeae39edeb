"""The report on a receiver's conformance, as JSON."""

from msgspec import Struct

from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind, ProbeResult


class ProbeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One probe; `passed` is null where the answer proves nothing."""

    kind: ProbeKind
    expected: str
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: str


class ConformanceAnswer(Struct, frozen=True):
    """The report on a receiver. `conforms`: it passed every probe; `summary` says in plain words what it did not."""

    conforms: bool
    summary: str
    probes: list[ProbeView]


def conformance_answer(report: ConformanceReport) -> ConformanceAnswer:
    """Show a report, with its probes in the order in which they were sent."""
    return ConformanceAnswer(report.conforms, report.summary, [_probe_view(verdict) for verdict in report.probes])


def _probe_view(verdict: ProbeResult) -> ProbeView:
    return ProbeView(
        kind=verdict.kind,
        expected=verdict.expected,
        status_code=verdict.status_code,
        error=verdict.error,
        passed=verdict.passed,
        verdict=verdict.verdict,
    )
