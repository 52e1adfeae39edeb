"""The report on a receiver's conformance, as JSON."""

from typing import Annotated

from msgspec import Meta, Struct

from dcvd.core.webhooks.body_changes import BodyChangeKind
from dcvd.core.webhooks.conformance import ProbeKind


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
