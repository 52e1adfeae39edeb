"""The report on a receiver's conformance, as JSON."""

from msgspec import Struct

from dcvd.core.webhooks.conformance import ProbeKind


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
