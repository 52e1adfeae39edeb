"""Redirects in sentences, and what to do about them: they are never followed."""

import re
from typing import Final
from urllib.parse import SplitResult, urljoin

from msgspec import Struct

from dcvd.core.sentences.sentence import Sentence, quote, say
from dcvd.core.text import make_printable
from dcvd.core.webhooks.answers.gatekeepers import quote_path
from dcvd.core.webhooks.answers.status_codes import FIX_WITHOUT_REDIRECT, StatusMeaning
from dcvd.core.webhooks.answers.urls import MAX_URL_CHARS, split_url

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOGIN_URL: Final = re.compile(r"\b(log|sign)[-_]?in\b|\boauth2?\b|/auth\b|/sso\b|cloudflareaccess\.com", re.IGNORECASE)


class _Redirect(Struct, frozen=True):
    """A redirect from one web address to another, which is `url`."""

    source: SplitResult
    target: SplitResult
    url: str


def say_redirect(answer: Sentence, url: str, location: str) -> Sentence:
    """Say where an answer to a request for `url` redirects; `location` is what it says of that, in printable text."""
    if not location:
        return say("answer_redirect_nowhere", answer=answer)
    redirect = _resolve(url, location)
    if redirect is None:
        return say("answer_redirect_odd", answer=answer, location=quote(location, most=MAX_URL_CHARS))
    return say("answer_redirect", answer=answer, location=quote(redirect.url, most=MAX_URL_CHARS))


def advise_on_redirect(meaning: StatusMeaning, url: str, location: str) -> Sentence:
    """Say what the receiver's developer can do about it; `meaning` is that of its status."""
    redirect = _resolve(url, location) if location else None
    if redirect is None:
        return say(FIX_WITHOUT_REDIRECT)
    if _normalize(redirect.source) == _normalize(redirect.target):
        return say("answer_fix_redirect_to_itself")
    if _LOGIN_URL.search(redirect.url) and not _LOGIN_URL.search(url):
        return say("answer_fix_redirect_to_login", path=quote_path(url))
    if meaning.fix_id != FIX_WITHOUT_REDIRECT:
        return say(meaning.fix_id)
    if redirect.target.scheme == "http" and redirect.source.scheme == "https":
        return say("answer_fix_redirect_to_http")
    return say(_choose_final_url_id(redirect), url=quote(redirect.url, most=MAX_URL_CHARS))


def _resolve(url: str, location: str) -> _Redirect | None:
    """Return where a redirect leads; None where that is no web address."""
    source, final = split_url(url), _join_url(url, location)
    target = None if final is None else split_url(final)
    if source is None or final is None or target is None or target.scheme not in _DEFAULT_PORTS or not target.hostname:
        return None
    return _Redirect(source, target, final)


def _join_url(url: str, location: str) -> str | None:
    try:
        return make_printable(urljoin(url, location))
    except ValueError:
        return None


def _normalize(parts: SplitResult) -> tuple[str, str | None, int | None, str, str]:
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path or "/", parts.query


def _choose_final_url_id(redirect: _Redirect) -> str:
    """Choose the sentence by how the final URL differs, where that is easily overlooked or suspicious."""
    requested, target = redirect.source, redirect.target
    if requested.hostname != target.hostname:
        if (requested.hostname or "").removeprefix("www.") != (target.hostname or "").removeprefix("www."):
            return "answer_fix_final_url_elsewhere"
        return "answer_fix_final_url_www"
    if requested.path.rstrip("/") != target.path.rstrip("/") or requested.query != target.query:
        return "answer_fix_final_url"
    if requested.scheme != target.scheme:
        return "answer_fix_final_url_https"
    if requested.path != target.path:
        return "answer_fix_final_url_slash"
    return "answer_fix_final_url"
