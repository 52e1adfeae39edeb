"""The cookie by which a browser finds back to the page of its link from a DNS provider."""

import hashlib
import re
from http.cookies import CookieError, SimpleCookie
from typing import Final

from dcvd.core.links import PAGE_ROOT, is_link_token

_NAME: Final = "dcvd_return"
_LIFETIME_S: Final = 1800
_VALUE: Final = re.compile(rf"({PAGE_ROOT}/([0-9a-z_]+))\.([0-9a-f]{{32}})")

FORGET_RETURN: Final = f"{_NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
"""The value of `Set-Cookie` once the browser is back."""


def build_return_cookie(path: str, state: str, *, is_secure: bool) -> str:
    """Return the value of `Set-Cookie` that remembers the path of a link's page for half an hour.

    It comes back with a navigation from the provider's site (`SameSite=Lax`), and to no script. It counts for the
    answer with this state alone, so that an older one leads nobody astray.
    """
    secure = "; Secure" if is_secure else ""
    return f"{_NAME}={path}.{_digest(state)}; Path=/; Max-Age={_LIFETIME_S}; HttpOnly; SameSite=Lax{secure}"


def read_return_path(cookie_header: str | None, state: str | None) -> str | None:
    """Return the path of the link's page from the header `Cookie`; None where it has none for this state."""
    try:
        morsel = SimpleCookie(cookie_header or "").get(_NAME)
    except CookieError:
        return None
    match = None if morsel is None else _VALUE.fullmatch(morsel.value)
    if match is None or not is_link_token(match[2]) or match[3] != _digest(state or ""):
        return None
    return match[1]


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:32]
