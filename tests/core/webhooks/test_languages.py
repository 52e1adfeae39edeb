"""Whatever is told of attempts, deliveries and receivers is told in each language, and in no other beside it."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.instants import HOUR
from dcvd.core.sentences.english.webhooks import WEBHOOKS as ENGLISH
from dcvd.core.sentences.german.webhooks import WEBHOOKS as GERMAN
from dcvd.core.sentences.rendering import render
from dcvd.core.webhooks.advice import Action, Step, split_advice
from dcvd.core.webhooks.body_changes import BODY_CHANGES
from dcvd.core.webhooks.conformance import ProbeKind, evaluate_receiver
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.event_refusals import EventRefusal, advise_on_refusal, apply_refusal
from dcvd.core.webhooks.statements import render_statements
from tests.core.builders import NOW
from tests.core.webhooks.attempts import URL, answered, explain, unanswered

WITHOUT_ANSWER = frozenset(AttemptOutcome) - {
    AttemptOutcome.DELIVERED,
    AttemptOutcome.HTTP_ERROR,
    AttemptOutcome.GONE,
    AttemptOutcome.REDIRECT,
}
NO_PROSE = re.compile(r"\{\w+\}|`[^`]*`|[a-z]+://\S*|\b[\w.-]*[_./=-][\w./=-]*")
"""Placeholders, code, addresses and names of programs, which are the same everywhere."""
OF_BOTH = {
    "dcvd", "ngrok", "nginx", "localtunnel", "cloudflared", "webpack", "fullchain", "http", "https", "www",
    "private", "offline", "was",
}  # fmt: skip
"""Names, and words that are German as well."""
EXPIRED = "No trusted TLS connection to hooks.customer.com: its certificate expired on 2026-11-01."


def words(text: str) -> set[str]:
    return set(re.findall(r"\b[a-z]{3,}\b", NO_PROSE.sub(" ", text))) - OF_BOTH


def failures() -> Iterator[Attempt]:
    """Of each outcome and reason, with time lost in each phase."""
    for outcome, reason in product(sorted(WITHOUT_ANSWER), (None, *FailureReason)):
        yield unanswered(outcome, reason, error=None)
    for spent, remote_ip in (
        ({}, None),
        ({"dns_ms": 4998}, None),
        ({"dns_ms": 3}, None),
        ({"tls_ms": 4987}, "198.18.0.1"),
        ({}, "198.18.0.1"),
        ({"first_byte_ms": 40}, "198.18.0.1"),
    ):
        timings = Timings(**spent, total_ms=5000)
        yield unanswered(AttemptOutcome.TIMEOUT, error=None, timings=timings, remote_ip=remote_ip)


def answers() -> Iterator[Attempt]:
    """Of each status, with what answers may have that changes how they are told."""
    ahead = {"date": "Fri, 15 Jan 2100 08:10:00 GMT"}
    page = {"content-type": "text/html"}
    for status in range(100, 600):
        yield answered(status)
        yield answered(status, retry_after_ms=90_000)
        yield answered(status, response_body=b"42")
        yield answered(status, response_headers=ahead)
        yield answered(status, response_headers=page, response_body=b"<html><title>Log in</title>")
        yield answered(status, response_headers=page, response_body=b"<html><center>nginx/1.24.0</center>")
        yield answered(status, response_headers={"cf-mitigated": "challenge"})
        yield answered(status, response_headers={"www-authenticate": "Basic"})
        for location in ("", "/login", "/v2", URL, "https://evil.example/", "ftp://a.example/"):
            yield answered(status, response_headers={"location": location})


@pytest.mark.parametrize("sentence_id", ENGLISH)
def test_no_sentence_has_a_word_of_the_other_language(sentence_id: str) -> None:
    assert words(ENGLISH[sentence_id]) & words(GERMAN[sentence_id]) == set()


def test_whatever_became_of_an_attempt_a_german_explanation_has_no_english_word() -> None:
    for attempt in (*failures(), *answers()):
        english, german = explain(attempt, URL), explain(attempt, URL, "de")
        assert words(f"{english.sentence} {english.fix}") & words(f"{german.sentence} {german.fix}") == set(), attempt
        assert (german.fix == "") == (english.fix == "")


def test_whatever_a_receiver_does_a_german_report_has_no_english_word() -> None:
    attempts = (answered(204), answered(302), answered(401), answered(500), answered(503), *failures())
    reports = [
        evaluate_receiver({kind: good if kind is ProbeKind.GOOD else other for kind in ProbeKind}, URL, change)
        for good, other in product((answered(204), answered(401)), attempts)
        for change in (None, *BODY_CHANGES)
    ]
    for report in reports:
        parts = [report.summary, *((probe.expected,) for probe in report.probes)]
        english, german = (" ".join(render(part, language) for part in parts) for language in ("en", "de"))
        english += " ".join(render_statements(probe.verdict, "en") for probe in report.probes)
        german += " ".join(render_statements(probe.verdict, "de") for probe in report.probes)
        assert words(english) & words(german) == set()


def test_what_was_recorded_is_all_in_english_and_a_quotation_elsewhere_if_it_says_more() -> None:
    expired = unanswered(AttemptOutcome.TLS, FailureReason.CERTIFICATE_EXPIRED, error=EXPIRED)
    assert explain(expired, URL).sentence == EXPIRED
    assert explain(expired, URL, "de").sentence == (
        f"Keine sichere TLS-Verbindung zu hooks.customer.com: Das Zertifikat ist abgelaufen. {EXPIRED}"
    )
    refused = replace(
        expired, outcome=AttemptOutcome.CONNECT, reason=FailureReason.CONNECTION_REFUSED, error="Refused."
    )
    assert explain(refused, URL).sentence == "Refused."
    assert explain(refused, URL, "de").sentence == "Die Verbindung zu hooks.customer.com wurde abgelehnt."


def test_seconds_have_a_comma_in_german_and_no_more_digits_than_matter() -> None:
    late = unanswered(AttemptOutcome.TIMEOUT, error=None, timings=Timings(total_ms=2503))
    assert "within 2.5 s." in explain(late, URL).sentence
    assert "innerhalb von 2,5 s " in explain(late, URL, "de").sentence
    later = replace(late, timings=Timings(total_ms=30_002))
    assert "innerhalb von 30 s " in explain(later, URL, "de").sentence


def test_a_clock_that_is_wrong_is_told_in_german_units() -> None:
    late = answered(401, response_headers={"date": "Mon, 23 Nov 2026 07:00:00 GMT"})
    assert "Ihre Uhr und unsere gehen 3 Std. auseinander: Ihre geht nach." in explain(late, URL, "de").sentence


def test_a_step_stands_where_the_language_wants_it() -> None:
    refusal = EventRefusal(endpoint_id="wh_1", event_type=EventType.DOMAIN_ADDED)
    (answer,) = apply_refusal(refusal, answered(400), NOW + HOUR).answers
    advice = advise_on_refusal(EventType.DOMAIN_ADDED, answer)
    step = Step(Action.CANCEL_DELIVERY, "dlv_1")
    english, german = split_advice(advice), split_advice(advice, "de")
    assert english[1:] == (step, " gives up what it refuses.")
    assert german[1:] == (step, "“ wird aufgegeben, was er abweist.")
