"""Explanations of a receiver's HTTP answer for its developer: what it means, and what to do."""

import re
from http import HTTPStatus
from typing import Final, assert_never
from urllib.parse import SplitResult, urljoin, urlsplit

from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.deliveries import Attempt
from dcvd.core.webhooks.firewalls import REFUSAL_STATUSES, Gatekeeper, GatekeeperPage, recognize_page
from dcvd.core.webhooks.signing import SIGNATURE_HEADER

_LONGEST_EXCERPT: Final = 120
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOGIN_URL: Final = re.compile(r"\b(log|sign)[-_]?in\b|\boauth2?\b|/auth\b|/sso\b|cloudflareaccess\.com", re.IGNORECASE)
_FIX_WITHOUT_REDIRECT: Final = "Answer 2xx yourself at this URL, without a redirect."
_FIX_APPLICATION: Final = (
    "Check that your application runs and is healthy: a proxy before it has nobody to pass the delivery on to."
)
_FIX_SIGNATURE_CHECK: Final = (
    f"Your own check refused it: verify the signature ({SIGNATURE_HEADER} or webhook-signature) over the raw bytes of "
    "the body, before any parsing, and with the present secret."
)
_FIX_BY_STATUS: Final = {
    400: _FIX_SIGNATURE_CHECK,
    404: "Check the path of the URL, and that your application serves it on this host.",
    405: "Accept the method POST at exactly this URL.",
    406: "Accept requests with `Accept: */*`; where your application does, a filter before it refused this one.",
    408: "Let what stands before your application wait for the request's body; the whole request was sent at once.",
    409: "Where you know the webhook-id already, answer 2xx: a delivery is repeated until then.",
    410: "This says that nothing more is wanted; if it was not meant, answer 2xx and enable the webhook again.",
    411: "Accept requests with a Content-Length, which each delivery carries, in whatever stands before the receiver.",
    413: "Raise the limit of the request's size there; a delivery has a few KiB.",
    415: "Accept the content type application/json.",
    421: "Let the server, and what stands before it, know this host name.",
    422: _FIX_SIGNATURE_CHECK,
    425: "Let the server accept the request: it comes after the handshake, never as early data of TLS.",
    426: "Accept HTTP/1.1, over TLS where you require it.",
    429: "Set maxPerSecond on the webhook to what the receiver can take.",
    431: "Accept longer headers, or give the webhook fewer custom ones.",
    501: "Accept the method POST at exactly this URL.",
    502: _FIX_APPLICATION,
    503: _FIX_APPLICATION,
    504: "Answer first and work later: a proxy before your application waited for it in vain.",
    520: "Look at the origin server behind Cloudflare: it gave an answer that Cloudflare does not understand.",
    521: "Start the origin server behind Cloudflare: it refuses Cloudflare's connections.",
    522: "Let Cloudflare reach the origin server: its packets are dropped.",
    523: "Correct the origin's address at Cloudflare, which cannot reach it.",
    524: "Answer first and work later: Cloudflare waited for the origin server in vain.",
    525: "Mend TLS on the origin server: Cloudflare's handshake with it fails.",
    526: "Renew the origin server's certificate: Cloudflare does not trust it.",
    530: "Correct the origin's name at Cloudflare, or start its tunnel.",
}  # fmt: skip


def explain_success(attempt: Attempt, url: str) -> str:
    """Explain an attempt that was answered with 2xx."""
    status = _describe_status(attempt.status_code)
    return f"It was delivered: {describe_host(url)} answered {status} in {attempt.timings.total_ms} ms."


def explain_refusal(attempt: Attempt, url: str) -> tuple[str, str]:
    """Explain an attempt that was answered with neither 2xx nor 3xx."""
    status = attempt.status_code or 0
    page = recognize_page(status, attempt.response_headers, attempt.response_body)
    answered = f"{describe_host(url)} answered {_describe_status(attempt.status_code)}"
    wait = "" if attempt.retry_after_ms is None else f", and asked us to wait {attempt.retry_after_ms // SECOND} s"
    if page is not None:
        return f"{answered}{wait}, with {_describe_page(page)}.", _fix_for_page(page, url)
    excerpt = _quote_response(attempt)
    quoted = f": “{excerpt}”" if excerpt else "."
    return f"{answered}{wait}{quoted}", _fix_for_status(status, attempt)


def explain_redirect(attempt: Attempt, url: str) -> tuple[str, str]:
    """Explain an attempt that was answered with 3xx; the final URL is the location, resolved against `url`."""
    answered = f"{describe_host(url)} answered {_describe_status(attempt.status_code)}"
    location = make_printable(attempt.response_headers.get("location", ""))
    if not location:
        return f"{answered}, a redirect to nowhere.", _FIX_WITHOUT_REDIRECT
    source, final = _split_url(url), _join_url(url, location)
    target = None if final is None else _split_url(final)
    if source is None or final is None or target is None or target.scheme not in _DEFAULT_PORTS or not target.hostname:
        return f"{answered}, a redirect to {location}, which is no web address.", _FIX_WITHOUT_REDIRECT
    sentence = f"{answered}, a redirect to {final}; redirects are not followed."
    if _is_same_url(source, target):
        fix = "Answer 2xx at once: it redirects to itself, as servers do that want a cookie or a language."
    elif _LOGIN_URL.search(final) and not _LOGIN_URL.search(url):
        fix = f"Let POSTs to {_path_of(url)} in without a login; the signature authenticates them."
    elif attempt.status_code == HTTPStatus.SEE_OTHER:
        fix = "Answer 2xx in place of this redirect, with which forms answer once they have been handled."
    elif target.scheme == "http" and source.scheme == "https":
        fix = "Answer 2xx yourself at the https URL: this redirect leads to plain http, where anybody can read along."
    else:
        fix = f"Put the final URL into the webhook: {final}{_describe_difference(source, target)}"
    return sentence, fix


def describe_host(url: str) -> str:
    """Return the host of a URL for a sentence, or "the receiver" where it has none."""
    parts = _split_url(url)
    return make_printable(parts.hostname or "") or "the receiver" if parts is not None else "the receiver"


def _describe_status(status: int | None) -> str:
    if status is None:
        return "without a status"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _quote_response(attempt: Attempt) -> str:
    """Return the beginning of a plain-text body; nothing of HTML or binary data."""
    text = attempt.response_body.decode(errors="replace")
    if text.lstrip().startswith("<") or "html" in attempt.response_headers.get("content-type", "").lower():
        return ""
    if text.count("\ufffd") > 3:
        return ""
    return shorten(make_printable(text), _LONGEST_EXCERPT)


def _fix_for_status(status: int, attempt: Attempt) -> str:
    if status in _FIX_BY_STATUS:
        return _FIX_BY_STATUS[status]
    if status in REFUSAL_STATUSES:
        scheme = make_printable(attempt.response_headers.get("www-authenticate", "")).partition(" ")[0]
        hint = f" (it asks for {scheme[:40]})" if scheme else ""
        return (
            f"Your own authentication refused it{hint}: let this path in without one, since the signature "
            "authenticates us, or give the webhook the header that it wants as a custom header."
        )
    moment = to_rfc3339(attempt.started_at)
    if status >= 500:
        return f"Look in the receiver's log at {moment} for what failed there, and answer 2xx before you handle it."
    if status >= 400:
        return f"Look in the receiver's log at {moment} for why it refused this, and answer 2xx to what you accept."
    return "Answer 2xx: only that counts as received."


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


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _is_same_url(requested: SplitResult, target: SplitResult) -> bool:
    return (_origin(requested), requested.path or "/", requested.query) == (
        _origin(target),
        target.path or "/",
        target.query,
    )


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
