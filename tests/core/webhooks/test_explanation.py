"""What a developer is told about an attempt: what happened, and what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.webhooks.deliveries import AttemptOutcome
from tests.core.webhooks.attempts import URL, Told, answered, explain, unanswered

WITHOUT_ANSWER = (
    AttemptOutcome.REFUSED_BY_POLICY,
    AttemptOutcome.DNS,
    AttemptOutcome.CONNECT,
    AttemptOutcome.TLS,
    AttemptOutcome.TIMEOUT,
    AttemptOutcome.PROTOCOL,
    AttemptOutcome.INTERNAL,
)
HOSTILE = st.text(st.sampled_from("a\x00\x1b\r\n\u202e\u2028<>\"'“”/:?#[]@%\ud7ff\ufffe é"), max_size=60)


def told(explanation: Told) -> str:
    return f"{explanation.sentence} {explanation.fix}"


def redirect(location: str, *, status: int = 308, url: str = URL) -> Told:
    return explain(answered(status, response_headers={"location": location}), url)


def late(timings: Timings, *, remote_ip: str | None = None, error: str | None = None) -> Told:
    return explain(unanswered(AttemptOutcome.TIMEOUT, error=error, timings=timings, remote_ip=remote_ip), URL)


def test_what_was_delivered_needs_nothing() -> None:
    assert explain(answered(204), URL) == Told(
        "It was delivered: hooks.customer.com answered 204 No Content in 34 ms.", ""
    )


@pytest.mark.parametrize("reason", FailureReason)
def test_each_reason_without_an_answer_has_a_fix_of_its_own(reason: FailureReason) -> None:
    explanation = explain(unanswered(AttemptOutcome.CONNECT, reason), URL)
    others = {explain(unanswered(AttemptOutcome.CONNECT, other), URL).fix for other in FailureReason if other != reason}
    assert explanation.sentence == "It broke."
    assert explanation.fix not in others


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [
        (AttemptOutcome.DNS, FailureReason.NAME_NOT_PUBLIC, "spelling of hooks.customer.com"),
        (AttemptOutcome.DNS, FailureReason.NAME_SERVER_FAILED, "dcvd's own resolver was to blame"),
        (AttemptOutcome.CONNECT, FailureReason.CONNECTION_REFUSED, "listens on the URL's port"),
        (AttemptOutcome.CONNECT, FailureReason.HOST_UNREACHABLE, "firewall"),
        (AttemptOutcome.CONNECT, FailureReason.NETWORK_UNREACHABLE, "dcvd's own network"),
        (AttemptOutcome.CONNECT, FailureReason.OWN_LIMIT, "dcvd's own fault"),
        (AttemptOutcome.TLS, FailureReason.CERTIFICATE_SELF_SIGNED, "public authority"),
        (AttemptOutcome.TLS, FailureReason.CERTIFICATE_UNTRUSTED, "fullchain"),
        (AttemptOutcome.TLS, FailureReason.CERTIFICATE_WRONG_NAME, "names it"),
        (AttemptOutcome.PROTOCOL, FailureReason.CLOSED_WITHOUT_ANSWER, "crash"),
        (AttemptOutcome.PROTOCOL, FailureReason.NOT_HTTP, "HTTP/1.1"),
        (AttemptOutcome.PROTOCOL, FailureReason.TOO_MUCH, "short body"),
        (AttemptOutcome.REFUSED_BY_POLICY, FailureReason.ADDRESS_NOT_ALLOWED, "public address"),
        (AttemptOutcome.REFUSED_BY_POLICY, FailureReason.PORT_NOT_ALLOWED, "443"),
        (AttemptOutcome.REFUSED_BY_POLICY, None, "custom headers"),
        (AttemptOutcome.INTERNAL, None, "tried again"),
    ],
)
def test_a_failure_without_an_answer_is_told_with_what_mends_it(
    outcome: AttemptOutcome, reason: FailureReason | None, said: str
) -> None:
    assert said in explain(unanswered(outcome, reason), URL).fix


def test_an_expired_certificate_is_told_with_its_date() -> None:
    error = "No trusted TLS connection to hooks.customer.com: its certificate expired on 2026-11-01."
    explanation = explain(unanswered(AttemptOutcome.TLS, FailureReason.CERTIFICATE_EXPIRED, error=error), URL)
    assert explanation.sentence == error
    assert "Renew the certificate" in explanation.fix


def test_without_a_sentence_the_reason_makes_one() -> None:
    refused = unanswered(AttemptOutcome.CONNECT, FailureReason.CONNECTION_REFUSED, error=None)
    assert explain(refused, URL).sentence == "No answer came from hooks.customer.com: connection refused."


# Timeouts


@pytest.mark.parametrize(
    ("spent", "remote_ip", "said"),
    [
        ({}, None, "dcvd's own affair"),
        ({"dns_ms": 4998}, None, "name server of hooks.customer.com"),
        ({"dns_ms": 3}, None, "firewall"),
        ({"dns_ms": 3, "connect_ms": 4996}, None, "firewall"),
        ({"connect_ms": 5000}, None, "firewall"),
        ({"dns_ms": 3, "connect_ms": 9, "tls_ms": 4987}, "198.18.0.1", "handshake"),
        ({"dns_ms": 3, "connect_ms": 9, "tls_ms": 20}, "198.18.0.1", "Answer first and work later"),
        ({"dns_ms": 3, "connect_ms": 9}, "198.18.0.1", "Answer first and work later"),
        ({}, "198.18.0.1", "Answer first and work later"),
        ({"connect_ms": 9, "first_byte_ms": 40}, "198.18.0.1", "without a body"),
    ],
)
def test_a_timeout_is_told_by_the_phase_in_which_the_time_went(
    spent: dict[str, int], remote_ip: str | None, said: str
) -> None:
    assert said in late(Timings(**spent, total_ms=5000), remote_ip=remote_ip).fix


def test_a_timeout_names_its_seconds() -> None:
    assert late(Timings(total_ms=2500)).sentence == "hooks.customer.com did not answer completely within 2.5 s."
    assert late(Timings(total_ms=1), error="It took too long.").sentence == "It took too long."


# Redirects


@pytest.mark.parametrize(
    ("location", "fix"),
    [
        ("https://hooks.customer.com/new", "Put the final URL into the webhook: https://hooks.customer.com/new."),
        ("/v2/dcvd?a=b", "Put the final URL into the webhook: https://hooks.customer.com/v2/dcvd?a=b."),
        ("//hooks.customer.com/v2", "Put the final URL into the webhook: https://hooks.customer.com/v2."),
        (
            "/dcvd/",
            "Put the final URL into the webhook: https://hooks.customer.com/dcvd/ (only the slash at the end differs).",
        ),
        (
            "https://www.hooks.customer.com/dcvd",
            "Put the final URL into the webhook: https://www.hooks.customer.com/dcvd (the host differs by www).",
        ),
        (
            "https://evil.example/dcvd",
            "Put the final URL into the webhook: https://evil.example/dcvd "
            "(it is on another host: make sure that it is yours).",
        ),
    ],
)
def test_a_redirect_names_the_final_url_and_what_is_easily_overlooked(location: str, fix: str) -> None:
    assert redirect(location).fix == fix


def test_a_redirect_says_where_it_led() -> None:
    assert redirect("/new").sentence == (
        "hooks.customer.com answered 308 Permanent Redirect, a redirect to https://hooks.customer.com/new; "
        "redirects are not followed."
    )


def test_a_redirect_from_http_to_https_is_named_as_that() -> None:
    explanation = redirect(URL, url=URL.replace("https", "http"))
    assert explanation.fix == f"Put the final URL into the webhook: {URL} (it begins with https)."


@pytest.mark.parametrize(
    ("location", "status", "said"),
    [
        (URL, 302, "redirects to itself"),
        ("https://hooks.customer.com:443/dcvd", 302, "redirects to itself"),
        ("/login?next=/dcvd", 302, "without a login"),
        ("https://team.cloudflareaccess.com/cdn-cgi/access/x", 302, "without a login"),
        ("/thanks", 303, "in place of this redirect"),
        ("http://hooks.customer.com/dcvd", 301, "plain http"),
        ("mailto:a@b.example", 301, "without a redirect"),
        ("http://[broken", 301, "without a redirect"),
        ("https://hooks.customer.com:port/", 301, "without a redirect"),
        ("", 304, "without a redirect"),
    ],
)
def test_a_redirect_that_should_not_be_followed_up_is_not_advised(location: str, status: int, said: str) -> None:
    explanation = redirect(location, status=status)
    assert said in explanation.fix
    assert "Put the final URL" not in explanation.fix


def test_a_path_that_speaks_of_logins_itself_is_no_login() -> None:
    assert "Put the final URL" in redirect("/login/", url="https://hooks.customer.com/login").fix
    assert "Put the final URL" in redirect("/authors").fix


# Answers


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "raw bytes of the body"),
        (401, "custom header"),
        (403, "custom header"),
        (404, "Check the path"),
        (405, "method POST"),
        (408, "wait for the request's body"),
        (409, "webhook-id"),
        (410, "enable the webhook again"),
        (413, "limit of the request's size"),
        (415, "application/json"),
        (418, "log at 2026-11-23T10:00:00Z"),
        (422, "raw bytes of the body"),
        (425, "early data"),
        (429, "maxPerSecond"),
        (500, "log at 2026-11-23T10:00:00Z"),
        (502, "application runs"),
        (503, "application runs"),
        (504, "work later"),
        (522, "Cloudflare"),
        (102, "only that counts"),
        (777, "log at 2026-11-23T10:00:00Z"),
    ],
)
def test_a_status_has_a_fix_that_fits_it(status: int, said: str) -> None:
    assert said in explain(answered(status), URL).fix


def test_an_answer_is_quoted_in_short_and_without_what_cannot_be_printed() -> None:
    response = b'{"error":\r\n "bad \x1b[31msignature\x00"}' + b"x" * 900
    sentence = explain(answered(400, response_body=response), URL).sentence
    begin = 'hooks.customer.com answered 400 Bad Request: “{"error": "bad [31msignature "}'
    assert sentence.startswith(begin)
    assert sentence.endswith("x…”")
    assert len(sentence.partition("“")[2]) == 121


def test_neither_markup_nor_binary_data_is_quoted() -> None:
    for response in (b"<html><body>Oops</body></html>", b"\x1f\x8b\x08\x00\xff\xfe\xfd\xfc\xfb"):
        assert explain(answered(500, response_body=response), URL).sentence == (
            "hooks.customer.com answered 500 Internal Server Error."
        )


def test_a_characters_half_at_the_cut_does_not_hide_the_answer() -> None:
    assert "grün" in explain(answered(400, response_body="grün ü".encode()[:-1]), URL).sentence


def test_an_answer_that_asks_for_patience_is_told_with_the_seconds() -> None:
    sentence = explain(answered(429, retry_after_ms=90_000), URL).sentence
    assert sentence == "hooks.customer.com answered 429 Too Many Requests, and asked us to wait 90 s."


def test_the_scheme_that_the_receiver_wants_is_named() -> None:
    assert (
        "(it asks for Basic)"
        in explain(answered(401, response_headers={"www-authenticate": 'Basic realm="x"'}), URL).fix
    )


# Everything


@given(
    st.sampled_from(WITHOUT_ANSWER),
    st.none() | st.sampled_from(FailureReason),
    st.none() | HOSTILE,
    st.builds(Timings, dns_ms=st.none() | st.integers(0, 9), connect_ms=st.none() | st.integers(0, 9),
              tls_ms=st.none() | st.integers(0, 9), first_byte_ms=st.none() | st.integers(0, 9),
              total_ms=st.integers(0, 30)),
    st.sampled_from([None, "198.18.0.1"]),
    st.just(URL) | HOSTILE,
)  # fmt: skip
def test_every_failure_without_an_answer_has_a_printable_sentence_and_a_fix(
    outcome: AttemptOutcome, reason: FailureReason | None, error: str | None, timings: Timings,
    remote_ip: str | None, url: str,
) -> None:  # fmt: skip
    explanation = explain(unanswered(outcome, reason, error=error, timings=timings, remote_ip=remote_ip), url)
    assert explanation.sentence
    assert explanation.fix.endswith(".")
    assert told(explanation).isprintable()


@given(
    st.integers(100, 999),
    st.dictionaries(
        st.sampled_from(["location", "server", "content-type", "www-authenticate"]),
        HOSTILE | st.sampled_from(["text/html", "cloudflare", "https://x.example/\u202e", "AkamaiGHost"]),
    ),
    st.binary(max_size=200) | HOSTILE.map(str.encode) | st.just(b"<title>Just a moment...</title>"),
    st.just(URL) | HOSTILE,
)
def test_every_answer_has_a_printable_sentence_and_every_failed_one_a_fix(
    status: int, headers: dict[str, str], response: bytes, url: str
) -> None:
    explanation = explain(answered(status, response_headers=headers, response_body=response), url)
    assert explanation.sentence.endswith((".", "”"))
    assert (explanation.fix == "") == (200 <= status < 300)
    assert told(explanation).isprintable()
