"""The report on a receiver's conformance, as JSON."""

from typing import Annotated

from msgspec import Meta, Struct

from dcvd.core.sentences.rendering import render
from dcvd.core.webhooks.body_changes import BodyChangeKind
from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind, ProbeResult
from dcvd.core.webhooks.statements import render_statements
from dcvd.http.answers.views import build_view


class ProbeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One probe; `passed` is null if the answer proves nothing."""

    kind: ProbeKind
    expected: str
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: str


class ConformanceAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The report on a receiver. `conforms`: it passed every probe; `summary` says in plain words which it failed.

    `bodyChange`: what it does to a body before it verifies the signature, where it refuses what is rightly signed for
    that. `reserialized`: a JSON library wrote it anew; `wrong_encoding`: it was not read as UTF-8.
    """

    conforms: bool
    summary: str
    probes: list[ProbeView]
    body_change: Annotated[BodyChangeKind | None, Meta(description="What it does to bodies; null: nothing known.")]


def conformance_view(report: ConformanceReport) -> ConformanceAnswer:
    """Show a report."""
    return build_view(
        ConformanceAnswer,
        report,
        summary=render(report.summary),
        probes=[_probe_view(probe) for probe in report.probes],
    )


def _probe_view(probe: ProbeResult) -> ProbeView:
    return build_view(ProbeView, probe, expected=render((probe.expected,)), verdict=render_statements(probe.verdict))
