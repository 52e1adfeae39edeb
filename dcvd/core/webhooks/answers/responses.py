"""Explanations of a receiver's HTTP answer for its developer: what it means, and what to do."""

from typing import Final

from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.sentences.sentence import Sentence, quote_record, say
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.answers.firewalls import Gatekeeper, GatekeeperPage, recognize_challenge, recognize_page
from dcvd.core.webhooks.answers.gatekeepers import advise_on_page, name_product, say_page
from dcvd.core.webhooks.answers.known_answers import KnownAnswer, recognize_answer
from dcvd.core.webhooks.answers.receiver_clock import measure_difference, say_difference
from dcvd.core.webhooks.answers.redirects import advise_on_redirect, say_redirect
from dcvd.core.webhooks.answers.status_codes import FIX_ACCESS, StatusMeaning, describe_status, meaning_of
from dcvd.core.webhooks.answers.text import read_text
from dcvd.core.webhooks.answers.urls import name_host
from dcvd.core.webhooks.deliveries import Attempt

Told = tuple[Sentence, Sentence | None]
"""What happened, and what to do; None where there is nothing to do."""

_MAX_EXCERPT_CHARS: Final = 120
_CERTIFICATE_ANSWERS: Final = {
    "No required SSL certificate was sent": "answer_fix_nginx_without_certificate",
    "The SSL certificate error": "answer_fix_nginx_certificate",
}
"""What nginx says with 400 where it asks for client certificates, and what to do."""


def explain_success(attempt: Attempt, url: str) -> Told:
    """Explain an attempt that was answered with 2xx; only a stranger's page or half a body needs anything."""
    answer, took_ms = _say_answer(attempt, url), attempt.timings.total_ms
    known = _recognize(attempt, url)
    if known is not None:
        return say("answer_delivered_and_known", answer=answer, took=took_ms, meaning=known.meaning), known.fix
    page = recognize_page(attempt.status_code or 0, attempt.response_headers, attempt.response_body)
    if page is None:
        return say("answer_delivered", answer=answer, took=took_ms), (
            say("answer_fix_body") if attempt.body_fault else None
        )
    said = say("answer_delivered_to_page", answer=answer, took=took_ms, page=say_page(page))
    return said, advise_on_page(page, url)


def explain_refusal(attempt: Attempt, url: str) -> Told:
    """Explain an attempt that was answered with neither 2xx nor 3xx."""
    status = attempt.status_code or 0
    page = recognize_page(status, attempt.response_headers, attempt.response_body)
    answer = _say_answer(attempt, url)
    product = recognize_challenge(attempt.response_headers)
    if product is not None:
        page = GatekeeperPage(Gatekeeper.PROTECTION, product)
        return say("answer_with_challenge", answer=answer, product=name_product(product)), advise_on_page(page, url)
    if attempt.retry_after_ms is not None:
        answer = say("answer_asked_to_wait", answer=answer, seconds=-(-attempt.retry_after_ms // SECOND))
    known = _recognize(attempt, url)
    if known is not None:
        return say("answer_known", answer=answer, meaning=known.meaning), known.fix
    if page is not None:
        return say("answer_with_page", answer=answer, page=say_page(page)), advise_on_page(page, url)
    for clause, fix_id in _CERTIFICATE_ANSWERS.items():
        if clause.encode() in attempt.response_body:
            return say("answer_quoted_at_end", answer=answer, text=clause), say(fix_id)
    meaning = meaning_of(status)
    difference_ms = measure_difference(attempt.response_headers, attempt.started_at + attempt.timings.total_ms)
    excerpt = _take_excerpt(attempt)
    if difference_ms is None or not meaning.may_refuse_signature:
        said = say("answer_quoted", answer=answer, text=excerpt) if excerpt else say("answer_plain", answer=answer)
        return said, _advise_on_status(meaning, attempt)
    said = say("answer_quoted_at_end", answer=answer, text=excerpt) if excerpt else say("answer_plain", answer=answer)
    clocks = "answer_clock_ahead" if difference_ms > 0 else "answer_clock_behind"
    return say(clocks, said=said, difference=say_difference(difference_ms)), say("answer_fix_clock")


def explain_redirect(attempt: Attempt, url: str) -> Told:
    """Explain an attempt that was answered with 3xx; the final URL is the location, resolved against `url`."""
    location = make_printable(attempt.response_headers.get("location", ""))
    fix = advise_on_redirect(meaning_of(attempt.status_code or 0), url, location)
    return say_redirect(_say_answer(attempt, url), url, location), fix


def _say_answer(attempt: Attempt, url: str) -> Sentence:
    host = name_host(url)
    if attempt.status_code is None:
        answer = say("answer_without_status", host=host)
    else:
        answer = say("answer", host=host, status=describe_status(attempt.status_code))
    if not attempt.body_fault:
        return answer
    return say("answer_broken", answer=answer, fault=quote_record(attempt.body_fault))


def _recognize(attempt: Attempt, url: str) -> KnownAnswer | None:
    return recognize_answer(attempt.status_code or 0, attempt.response_headers, attempt.response_body, name_host(url))


def _take_excerpt(attempt: Attempt) -> str:
    """Return the beginning of a plain-text body; nothing of HTML or binary data."""
    text = read_text(attempt.response_body)
    if text.lstrip().startswith("<") or "html" in attempt.response_headers.get("content-type", "").lower():
        return ""
    if text.count("\ufffd") > 3:
        return ""
    return shorten(make_printable(text), _MAX_EXCERPT_CHARS)


def _advise_on_status(meaning: StatusMeaning, attempt: Attempt) -> Sentence:
    scheme = make_printable(attempt.response_headers.get("www-authenticate", "")).partition(" ")[0]
    if scheme and meaning.fix_id == FIX_ACCESS:
        return say("answer_fix_access_by_scheme", scheme=scheme[:40])
    return say(meaning.fix_id, moment=to_rfc3339(attempt.started_at))
