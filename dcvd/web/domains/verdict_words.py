"""The verdict on a domain in the words of a page."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.verdict import VerdictState, find_verdict
from dcvd.core.domains.domain import Domain, Finding
from dcvd.core.sentences.rendering import render
from dcvd.web.pages.page import Words

_TONES: Final = {
    VerdictState.READY: "good",
    VerdictState.RISKY: "note",
    VerdictState.BROKEN: "bad",
    VerdictState.CUSTOMER: "note",
    VerdictState.SERVICE: "bad",
    VerdictState.PROGRESS: "quiet",
}


class VerdictWords(Struct, frozen=True, kw_only=True):
    """A verdict: its state and whose turn it is as parts of ids, the tone of its badge, and why it is so."""

    state: str
    awaited: str | None
    tone: str
    since: int
    cause: str


def tell_verdict(domain: Domain, findings: Sequence[Finding], now: int, words: Words) -> VerdictWords:
    """Return the verdict on a domain with its findings, most severe first."""
    verdict = find_verdict(domain, findings, now)
    return VerdictWords(
        state=verdict.state.value,
        awaited=None if verdict.awaited is None else verdict.awaited.value,
        tone=_TONES[verdict.state],
        since=verdict.since,
        cause=render(verdict.causes, words.language),
    )
