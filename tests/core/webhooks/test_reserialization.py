"""What libraries make of a body: each in its own way, and none as it was sent."""

import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given

from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import say
from dcvd.core.webhooks.body_changes import AWKWARD_TEXT, BODY_CHANGES, PLAIN_TEXT, BodyChangeKind
from dcvd.core.webhooks.reserialization import HABITS, decode_wrongly
from tests.core.builders import NOW
from tests.core.event_data import event_data


def body_of(text: str) -> bytes:
    draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": "wh_1", "message": text})
    return build_body(draft, event_id="evt_1", sequence=41, now=NOW)


BODY = body_of('/ é → 😀 <&> " \\ \u2028')
HEAD = '{"event":"webhook.test","timestamp":"2026-11-23T10:00:00Z","data":{"endpoint_id":"wh_1","message":"'
TAIL = '"},"id":"evt_1","sequence":41}'


def habit(name: str) -> bytes:
    (found,) = [each for each in HABITS if render((say(each.sentence_id),)) == name]
    return found.write(BODY)


def test_the_text_of_the_probes_holds_what_libraries_write_differently() -> None:
    assert all(character in AWKWARD_TEXT for character in '/é→😀<&>"\\\u2028')
    assert PLAIN_TEXT.isascii()
    assert not set(PLAIN_TEXT) & set("/<&>\"\\'+`")


def test_no_habit_writes_what_was_sent_and_no_two_write_the_same() -> None:
    body = body_of(AWKWARD_TEXT)
    written = [change.change(body) for change in BODY_CHANGES if change.kind is not BodyChangeKind.UNKNOWN]
    assert len({body, *written}) == len(written) + 1
    assert BODY_CHANGES[-1].change(body) == body
    assert len(BODY_CHANGES) == 15, "docs/webhooks.md says how many probes there may be"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("json_encode of PHP", r"\/ \u00e9 \u2192 \ud83d\ude00 <&> \" \\ \u2028"),
        (
            "json.dumps of Python with compact separators, or json_encode of PHP with JSON_UNESCAPED_SLASHES",
            r"/ \u00e9 \u2192 \ud83d\ude00 <&> \" \\ \u2028",
        ),
        (
            "json.Marshal of Go with a struct, to_json of Rails, or Gson of Java",
            r"/ é → 😀 \u003c\u0026\u003e \" \\ \u2028",
        ),
        ("System.Text.Json of .NET", r"/ \u00E9 \u2192 \uD83D\uDE00 \u003C\u0026\u003E \u0022 \\ \u2028"),
    ],
)
def test_each_library_has_its_own_escapes(name: str, message: str) -> None:
    assert habit(name).decode() == HEAD + message + TAIL


@given(event_data())
def test_what_is_written_anew_says_the_same(data: dict[str, Any]) -> None:
    body = build_body(EventDraft(EventType.WEBHOOK_TEST, data), event_id="evt_1", sequence=1, now=NOW)
    for each in HABITS:
        assert json.loads(each.write(body)) == json.loads(body), each.sentence_id


def test_a_body_that_was_read_in_a_wrong_encoding_is_no_json_of_ours_any_more() -> None:
    assert decode_wrongly(BODY) != BODY
    assert decode_wrongly(body_of(PLAIN_TEXT)) == body_of(PLAIN_TEXT)


def test_node_writes_the_probe_as_it_was_sent() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH: no JavaScript to hold the probe to")
    script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    body = body_of(AWKWARD_TEXT)
    done = subprocess.run([node, "-e", script], input=body, capture_output=True, timeout=60, check=True)
    assert done.stdout == body
