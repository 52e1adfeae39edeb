"""Answers that are known word for word are told from a receiver's own. tests/field/receivers.toml has most of them."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.sentences.rendering import render
from dcvd.core.webhooks.answers.known_answers import recognize_answer
from dcvd.core.webhooks.answers.text import read_text
from dcvd.core.webhooks.event_refusals import is_refusal
from tests.core.webhooks.attempts import URL, answered, explain

HOST = "hooks.customer.com"


@pytest.mark.parametrize(
    ("status", "headers", "body", "meaning"),
    [
        (404, {"ngrok-error-code": "ERR_NGROK_3200"}, b"", "its tunnel at ngrok is offline"),
        (404, {}, b"<p>The endpoint x.ngrok-free.app is offline.</p>ERR_NGROK_3200", "its tunnel at ngrok is offline"),
        (404, {}, b"Tunnel 0a1b.ngrok.io not found\n", "its tunnel at ngrok is offline"),
        (502, {}, b"<pre>ERR_NGROK_8012</pre>", "ngrok reached its agent, and the agent no application"),
        (403, {"ngrok-error-code": "ERR_NGROK_727"}, b"", "ngrok answered in its place (ERR_NGROK_727)"),
        (403, {}, b"ERR_NGROK_727", "ngrok answered in its place (ERR_NGROK_727)"),
        (530, {}, b"error code: 1033", "its tunnel at Cloudflare is not connected"),
        (530, {}, b"error code: 1016", "Cloudflare does not know where to send it (error 1016)"),
        (409, {}, b'{"error_code":1001}', "Cloudflare does not know where to send it (error 1001)"),
        (402, {"x-vercel-error": "DEPLOYMENT_DISABLED"}, b"", "Vercel has no running deployment for it"),
        (500, {"x-vercel-error": "FUNCTION_INVOCATION_FAILED"}, b"", "Vercel answered in its place (FUNCTION_INV"),
        (403, {"x-vercel-mitigated": "deny"}, b"", "the firewall of Vercel denied it"),
        (503, {}, b"<title>Heroku | Application Error</title>", "Heroku answered for an application that"),
        (404, {"x-render-routing": "no-server"}, b"Not Found", "Render has no running service for it (no-server)"),
        (404, {"x-railway-fallback": "true"}, b"{}", "Railway found no application"),
        (400, {}, b"Client sent an HTTP request to an HTTPS server.\n", "its port takes TLS alone"),
        (503, {}, b"no healthy upstream", "Envoy reached no application"),
        (503, {}, b"<h1>503</h1>\nNo server is available to handle this request.", "HAProxy has no server"),
        (422, {}, b"ActionController::InvalidAuthenticityToken", "its check against forged forms (CSRF) refused it"),
        (410, {}, b"channel_is_archived", "Slack takes nothing there any more (channel_is_archived)"),
        (401, {}, b'{"message": "Invalid Webhook Token", "code": 50027}', "Discord knows no such webhook (50027)"),
    ],
)  # fmt: skip
def test_it_is_named_with_what_to_do(status: int, headers: dict[str, str], body: bytes, meaning: str) -> None:
    known = recognize_answer(status, headers, body, HOST)
    assert known is not None
    said, fix = render((known.meaning,)), render((known.fix,))
    assert said.startswith(meaning)
    assert fix.endswith(".")
    assert not {"{", "}"} & set(said + fix)
    explanation = explain(answered(status, response_headers=headers, response_body=body), URL)
    assert f": {said}." in explanation.sentence
    assert explanation.fix == fix


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"ngrok-error-code": "ERR_NGROK_3200"}, b"invalid_payload"),
        (400, {}, b'{"error":"invalid_payload"}'),
        (400, {}, b"invalid_payload: no such field"),
        (404, {}, b"no_service is configured"),
        (500, {}, b'{"code": 500060}'),
        (403, {"x-vercel-error": "not for us!"}, b""),
        (403, {"x-railway-fallback": "false"}, b""),
        (404, {"x-render-routing": "web"}, b""),
        (401, {}, b'{"message":"Missing Authentication Token"}'),
        (400, {}, b"Client sent an HTTP request to an HTTPS server, says the log"),
        (502, {}, b"error code: 10330"),
        (500, {}, b"\x1f\x8bno gzip"),
        (500, {}, b""),
    ],
)
def test_a_receivers_own_answer_is_not_taken_for_one(status: int, headers: dict[str, str], body: bytes) -> None:
    assert recognize_answer(status, headers, body, HOST) is None


@given(status=st.integers(100, 599), body=st.binary(max_size=200), host=st.text(max_size=20))
def test_no_bytes_and_no_host_break_it(status: int, body: bytes, host: str) -> None:
    recognize_answer(status, {"x-vercel-error": host, "ngrok-error-code": host}, body, host)


def test_what_it_says_of_the_host_is_the_hosts_name_and_no_template() -> None:
    known = recognize_answer(403, {}, b"Blocked hosts: {code}", "{code}{host}")
    assert known is not None
    assert render((known.fix,)) == "Add {code}{host} to config.hosts of this environment."


def test_a_packed_body_is_read_as_far_as_it_came_and_no_bomb_is_unpacked() -> None:
    packed = gzip.compress(b"ERR_NGROK_3200" + bytes(range(256)) * 8, mtime=0)
    assert read_text(packed[:200]).startswith("ERR_NGROK_3200")
    assert len(read_text(gzip.compress(b"a" * 10_000_000))) == 4096
    assert read_text(b"\x1f\x8b\x08 cut") == ""


def test_a_known_answer_refuses_no_type_of_events() -> None:
    tunnel = answered(400, response_headers={"ngrok-error-code": "ERR_NGROK_8012"})
    slack = answered(400, response_body=b"invalid_payload")
    own = answered(400, response_body=b'{"error":"unknown event"}')
    assert [is_refusal(attempt) for attempt in (tunnel, slack, own)] == [False, False, True]


def test_a_success_in_which_teams_says_that_it_failed_is_delivered_with_a_warning() -> None:
    body = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with Context"
    explanation = explain(answered(200, response_body=body), URL)
    assert explanation.sentence.startswith("It was delivered: ")
    assert "did not deliver the message (HTTP error 413)" in explanation.sentence
