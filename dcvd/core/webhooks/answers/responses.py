"""Explanations of a receiver's HTTP answer for its developer: what it means, and what to do."""

import re
from typing import Final, assert_never
from urllib.parse import SplitResult, urljoin, urlsplit

from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.answers.firewalls import Gatekeeper, GatekeeperPage, recognize_challenge, recognize_page
from dcvd.core.webhooks.answers.known_answers import KnownAnswer, recognize_answer
from dcvd.core.webhooks.answers.receiver_clock import describe_difference, measure_difference
from dcvd.core.webhooks.answers.status_codes import FIX_WITHOUT_REDIRECT, StatusMeaning, describe_status, meaning_of
from dcvd.core.webhooks.answers.text import read_text
from dcvd.core.webhooks.deliveries import Attempt

_MAX_EXCERPT_CHARS: Final = 120
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FIX_BODY: Final = (
    "The status counts, so nothing is sent again; end each body where its Content-Length or its chunks end it, so that "
    "the connection can be kept."
)
_FIX_CLOCK: Final = (
    "Set the receiver's clock by NTP: a check of the signature's timestamp refuses what is minutes off. If it is "
    "right, tell your operator that the clock of dcvd's machine is wrong."
)
_CERTIFICATE_ANSWERS: Final = {
    "No required SSL certificate was sent": (
        "Give the webhook a client certificate (clientCertificate) that your nginx accepts, or let it ask for none at "
        "this URL (ssl_verify_client)."
    ),
    "The SSL certificate error": (
        "Your nginx refuses the client certificate: check that it has not expired, and that ssl_client_certificate "
        "holds the authority that issued it."
    ),
}
"""What nginx says with 400 where it asks for client certificates, and what to do."""
_LOGIN_URL: Final = re.compile(r"\b(log|sign)[-_]?in\b|\boauth2?\b|/auth\b|/sso\b|cloudflareaccess\.com", re.IGNORECASE)


def explain_success(attempt: Attempt, url: str) -> tuple[str, str]:
    """Explain an attempt that was answered with 2xx; only a stranger's page or half a body needs anything."""
    answered = f"It was delivered: {_describe_answer(attempt, url)} in {attempt.timings.total_ms} ms"
    known = _recognize(attempt, url)
    if known is not None:
        return f"{answered}, but {known.meaning}.", known.fix
    page = recognize_page(attempt.status_code or 0, attempt.response_headers, attempt.response_body)
    if page is None:
        return f"{answered}.", _FIX_BODY if attempt.body_fault else ""
    return f"{answered}, but with {_describe_page(page)}: it may not have come further.", _fix_for_page(page, url)


def explain_refusal(attempt: Attempt, url: str) -> tuple[str, str]:
    """Explain an attempt that was answered with neither 2xx nor 3xx."""
    status = attempt.status_code or 0
    page = recognize_page(status, attempt.response_headers, attempt.response_body)
    answered = _describe_answer(attempt, url)
    product = recognize_challenge(attempt.response_headers)
    if product is not None:
        page = GatekeeperPage(Gatekeeper.PROTECTION, product)
        sentence = (
            f"{answered}, with a challenge of {product} for browsers: it did not come as far as your application."
        )
        return sentence, _fix_for_page(page, url)
    wait = "" if attempt.retry_after_ms is None else f", and asked us to wait {-(-attempt.retry_after_ms // SECOND)} s"
    known = _recognize(attempt, url)
    if known is not None:
        return f"{answered}{wait}: {known.meaning}.", known.fix
    if page is not None:
        return f"{answered}{wait}, with {_describe_page(page)}.", _fix_for_page(page, url)
    for clause, fix in _CERTIFICATE_ANSWERS.items():
        if clause.encode() in attempt.response_body:
            return f"{answered}{wait}: “{clause}”.", fix
    excerpt = _quote_response(attempt)
    quoted = f": “{excerpt}”" if excerpt else "."
    meaning = meaning_of(status)
    difference_ms = measure_difference(attempt.response_headers, attempt.started_at + attempt.timings.total_ms)
    if difference_ms is None or not meaning.may_refuse_signature:
        return f"{answered}{wait}{quoted}", _fix_for_status(meaning, attempt)
    side = "ahead" if difference_ms > 0 else "behind"
    clocks = f"Your clock and ours differ by {describe_difference(difference_ms)}: yours is {side}."
    return f"{answered}{wait}{quoted.removesuffix('.')}. {clocks}", _FIX_CLOCK


def explain_redirect(attempt: Attempt, url: str) -> tuple[str, str]:
    """Explain an attempt that was answered with 3xx; the final URL is the location, resolved against `url`."""
    answered = _describe_answer(attempt, url)
    location = make_printable(attempt.response_headers.get("location", ""))
    if not location:
        return f"{answered}, a redirect to nowhere.", FIX_WITHOUT_REDIRECT
    source, final = _split_url(url), _join_url(url, location)
    target = None if final is None else _split_url(final)
    if source is None or final is None or target is None or target.scheme not in _DEFAULT_PORTS or not target.hostname:
        return f"{answered}, a redirect to {location}, which is no web address.", FIX_WITHOUT_REDIRECT
    sentence = f"{answered}, a redirect to {final}; redirects are not followed."
    if _normalize(source) == _normalize(target):
        fix = "Answer 2xx at once: it redirects to itself, as servers do that want a cookie or a language."
    elif _LOGIN_URL.search(final) and not _LOGIN_URL.search(url):
        fix = f"Let POSTs to {_path_of(url)} in without a login; the signature authenticates them."
    elif (status_fix := meaning_of(attempt.status_code or 0).fix) != FIX_WITHOUT_REDIRECT:
        fix = status_fix
    elif target.scheme == "http" and source.scheme == "https":
        fix = "Answer 2xx yourself at the https URL: this redirect leads to plain http, where anybody can read along."
    else:
        fix = f"Put the final URL into the webhook: {final}{_describe_difference(source, target)}"
    return sentence, fix


def describe_host(url: str) -> str:
    """Return the host of a URL for a sentence, or "the receiver" where it has none."""
    parts = _split_url(url)
    return make_printable(parts.hostname or "") or "the receiver" if parts is not None else "the receiver"


def _describe_answer(attempt: Attempt, url: str) -> str:
    status = "without a status" if attempt.status_code is None else describe_status(attempt.status_code)
    fault = f" ({make_printable(attempt.body_fault)})" if attempt.body_fault else ""
    return f"{describe_host(url)} answered {status}{fault}"


def _recognize(attempt: Attempt, url: str) -> KnownAnswer | None:
    return recognize_answer(
        attempt.status_code or 0, attempt.response_headers, attempt.response_body, describe_host(url)
    )


def _quote_response(attempt: Attempt) -> str:
    """Return the beginning of a plain-text body; nothing of HTML or binary data."""
    text = read_text(attempt.response_body)
    if text.lstrip().startswith("<") or "html" in attempt.response_headers.get("content-type", "").lower():
        return ""
    if text.count("\ufffd") > 3:
        return ""
    return shorten(make_printable(text), _MAX_EXCERPT_CHARS)


def _fix_for_status(meaning: StatusMeaning, attempt: Attempt) -> str:
    scheme = make_printable(attempt.response_headers.get("www-authenticate", "")).partition(" ")[0]
    return meaning.fix.format(
        moment=to_rfc3339(attempt.started_at), scheme_hint=f" (it asks for {scheme[:40]})" if scheme else ""
    )


def _describe_page(page: GatekeeperPage) -> str:
    match page.gatekeeper:
        case Gatekeeper.PROTECTION:
            return f"a page of {page.name}, which protects it from bots and attacks"
        case Gatekeeper.WEB_SERVER:
            return f"a page of the web server {page.name} itself, not of your application"
        case Gatekeeper.LOGIN:
            return "a page to log in on"
        case Gatekeeper.UNKNOWN:
            return "an HTML page, probably of a firewall or a login before your application"
        case _:
            assert_never(page.gatekeeper)


def _fix_for_page(page: GatekeeperPage, url: str) -> str:
    posts = f"POSTs to {_path_of(url)} with the User-Agent dcvd/…"
    match page.gatekeeper:
        case Gatekeeper.PROTECTION:
            return f"Let {posts} through: a rule of {page.name} that skips its checks for them, since they are signed."
        case Gatekeeper.WEB_SERVER:
            return f"Let {posts} through to your application in the configuration of {page.name}."
        case Gatekeeper.LOGIN:
            return f"Let {posts} in without a login; the signature authenticates them."
        case Gatekeeper.UNKNOWN:
            return f"Let {posts} through, in whatever stands before your application; the signature authenticates them."
        case _:
            assert_never(page.gatekeeper)


def _split_url(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _path_of(url: str) -> str:
    parts = _split_url(url)
    return make_printable(parts.path if parts is not None else "") or "/"


def _join_url(url: str, location: str) -> str | None:
    try:
        return make_printable(urljoin(url, location))
    except ValueError:
        return None


def _normalize(parts: SplitResult) -> tuple[str, str | None, int | None, str, str]:
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path or "/", parts.query


def _describe_difference(requested: SplitResult, target: SplitResult) -> str:
    """Describe how the final URL differs from the requested one, where that is easily overlooked or suspicious."""
    if requested.hostname != target.hostname:
        if (requested.hostname or "").removeprefix("www.") != (target.hostname or "").removeprefix("www."):
            return " (it is on another host: make sure that it is yours)."
        return " (the host differs by www)."
    if requested.path.rstrip("/") != target.path.rstrip("/") or requested.query != target.query:
        return "."
    if requested.scheme != target.scheme:
        return " (it begins with https)."
    if requested.path != target.path:
        return " (only the slash at the end differs)."
    return "."
