"""Whether a write comes from a page of ours, as browsers say it: no other site writes with its visitor's rights."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from litestar.types import Scope

from dcvd.core.sentences.wording import word
from dcvd.errors import Forbidden

CSRF_REFUSED: Final = "csrf_refused"
_SAME_ORIGIN: Final = "same-origin"
_OPAQUE: Final = "null"
_PORTS: Final = {"http": 80, "https": 443}


def check_same_origin(scope: Scope, public_url: str) -> None:
    """Raise Forbidden unless the browser says that the request comes from this origin, and in nothing denies it.

    `Sec-Fetch-Site` is what the browser compared (Fetch Metadata). `Origin` is compared here: with the public URL, and
    with the name by which the browser came, in whose place a proxy may have put another one. `null` alone says nothing:
    so browsers write it where the page tells no referrer, too.
    """
    said = [site == _SAME_ORIGIN for site in _list(scope, b"sec-fetch-site")]
    said += [
        _is_own(origin, public_url, _list(scope, b"host")) for origin in _list(scope, b"origin") if origin != _OPAQUE
    ]
    if not said or not all(said):
        raise build_csrf_refusal()


def build_csrf_refusal() -> Forbidden:
    """Build the error for a write that does not come from a page of the session."""
    return Forbidden(word("csrf_refused"), code=CSRF_REFUSED)


def _list(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for each, value in scope["headers"] if each == name]


def _is_own(origin: str, public_url: str, hosts: Sequence[str]) -> bool:
    parts, public = _split(origin), _split(public_url)
    if parts is None:
        return False
    if public is not None and parts[1] == public[1]:
        return parts == public
    return parts[1] in [host.lower() for host in hosts]


def _split(url: str) -> tuple[str, str] | None:
    """Return the scheme of a URL, and its host with a port that is not the scheme's own; None where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or parts.hostname is None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return parts.scheme, host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
