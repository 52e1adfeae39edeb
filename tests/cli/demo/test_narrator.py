"""How the demo words and dresses what it tells."""

import io
from typing import Any

import pytest

from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.words import DomainProgress, describe_event
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.core.events import EventType

DATA: dict[str, Any] = {
    "domain_name": "app.customer.test",
    "expires_at": "2026-01-15T10:30:00Z",
    "renewal": "due",
    "error": {"code": "blocked", "message": "Cloudflare blocks it."},
    "findings": [{"message": "First."}, {"message": "Second."}],
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("event", list(EventType))
def test_every_event_is_a_sentence(event: EventType) -> None:
    told = describe_event(event.value, DATA)
    assert told.endswith(".")
    assert "{" not in told


def test_a_failed_check_tells_its_findings() -> None:
    assert describe_event("dns.check_failed", DATA) == "First. Second."


def test_a_domain_that_cloudflare_does_not_know_yet_says_so() -> None:
    assert str(DomainProgress("pending_cname", None, None)) == "Not registered with Cloudflare yet."
    assert str(DomainProgress("issuing", "active", None)) == "Cloudflare: hostname active, certificate not ordered yet."


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream: io.StringIO, environ: dict[str, str], coloured: bool) -> None:
    assert ("\x1b" in TerminalStyle.for_stream(stream, environ).mark_good("✓")) is coloured


def test_a_long_sentence_goes_on_below_its_own_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    narrator = Narrator(out, TerminalStyle(colours=False))
    narrator.show_event("domain.active", "word " * 20, is_verified=True)
    first, second = out.getvalue().splitlines()
    assert first.index("word") == second.index("word")
    assert max(len(first), len(second)) <= 80
