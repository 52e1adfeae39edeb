"""The report on a receiver's conformance, as JSON."""

from msgspec import Struct

from dcvd.api.http.views import build_view
from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind


class ProbeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One probe; `passed` is null if the answer proves nothing."""

    kind: ProbeKind
    expected: str
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: str


class ConformanceAnswer(Struct, frozen=True):
    """The report on a receiver. `conforms`: it passed every probe; `summary` says in plain words which it failed."""

    conforms: bool
    summary: str
    probes: list[ProbeView]


def conformance_answer(report: ConformanceReport) -> ConformanceAnswer:
    """Show a report, with its probes in the order in which they were sent."""
    return build_view(ConformanceAnswer, report)
