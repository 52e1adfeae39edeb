"""What people and programs see of `dcvd listen`."""

import io
import json

import pytest

from dcvd.cli.listen.console import Console, JsonConsole, TextConsole
from dcvd.cli.listen.feed_reader import FeedEvent
from dcvd.cli.listen.forwarder import ForwardedAttempt
from dcvd.cli.listen.settings import ListenSettings, Start
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import to_standard_secret

SECRET = Secret("0f" * 32)
SETTINGS = ListenSettings(
    url="https://dcv.example.net",
    token=Secret("dcv_live_" + "7" * 32),
    forward_to="http://localhost:3000/hook",
    signing_secret=SECRET,
)
EVENT = FeedEvent(b"{}", "domain.active", "evt_1", 41, "app.customer.com")
OTHER = FeedEvent(b"{}", "webhook.test", "evt_2", 42, None)


def tell(console: Console) -> None:
    """All that can happen."""
    console.show_ready(SETTINGS, 40)
    console.show_attempt(EVENT, ForwardedAttempt(status=204, duration_ms=12), 1, None)
    console.show_attempt(OTHER, ForwardedAttempt(status=500, error="It refused.", duration_ms=3), 2, 4000)
    console.show_attempt(OTHER, ForwardedAttempt(error="Nobody answers there.", duration_ms=1), 3, None)
    console.show_lost("https://dcv.example.net did not answer in time.", 500)
    console.show_connected()
    console.show_stopped(Start(after=42))


def test_people_get_a_line_for_each_event_and_both_forms_of_the_secret(capsys: pytest.CaptureFixture[str]) -> None:
    tell(TextConsole(io.StringIO()))
    shown, told = capsys.readouterr()
    assert SECRET.reveal() in shown
    assert to_standard_secret(SECRET).reveal() in shown
    assert "From event       41\n" in shown
    lines = [line[10:] if line[2:3] == ":" else line.strip() for line in shown.splitlines()[-5:]]
    assert lines == [
        "204  #41 domain.active app.customer.com  12 ms",
        "500  #42 webhook.test evt_2  3 ms, try 2",
        "It refused. Sent again in 4.0 s.",
        "no answer  #42 webhook.test evt_2  1 ms, try 3",
        "Nobody answers there. It is not sent again.",
    ]
    assert "did not answer in time. Trying again in 0.5 s; no event is lost." in told
    assert "Connected again." in told
    assert told.endswith("Stopped. To go on from here: --since 42\n")
    assert "dcv_live_" not in shown + told


def test_programs_get_a_line_of_json_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    tell(JsonConsole())
    shown, told = capsys.readouterr()
    assert told == ""
    lines = [json.loads(line) for line in shown.splitlines()]
    types = ["ready", "attempt", "attempt", "attempt", "disconnected", "connected", "stopped"]
    assert [line["type"] for line in lines] == types
    assert all(line.pop("at").endswith("Z") for line in lines)
    assert (lines[0]["secret"], lines[0]["after"]) == (SECRET.reveal(), 40)
    assert lines[2] == {
        "type": "attempt",
        "sequence": 42,
        "event": "webhook.test",
        "id": "evt_2",
        "number": 2,
        "accepted": False,
        "status": 500,
        "error": "It refused.",
        "durationMs": 3,
        "retryInMs": 4000,
    }
    assert lines[-1]["after"] == 42
    assert "dcv_live_" not in shown
