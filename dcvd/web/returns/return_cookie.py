"""The cookie by which a browser finds back from a DNS provider to the page from which it went there."""

import hashlib
import re
from typing import Final

from dcvd.core.http.cookies import list_cookies
from dcvd.core.links import PAGE_ROOT, is_link_token

_NAME: Final = "dcvd_return"
_LIFETIME_S: Final = 1800
CONNECTIONS_PAGE: Final = "/dashboard/connections"
"""Of tenants: the authorization of an operator, who has no token that has to live on, ends at no page of ours."""
_VALUE: Final = re.compile(rf"({PAGE_ROOT}/([0-9a-z_]+)|{CONNECTIONS_PAGE})\.([0-9a-f]{{32}})")

FORGET_RETURN: Final = f"{_NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
"""The value of `Set-Cookie` once the browser is back."""


def build_return_cookie(path: str, state: str, *, is_secure: bool) -> str:
    """Return the value of `Set-Cookie` that remembers, for half an hour, the path of the page to come back to.

    It comes back with a navigation from the provider's site (`SameSite=Lax`), and to no script. It counts for the
    answer with this state alone, so that an older one leads nobody astray.
    """
    secure = "; Secure" if is_secure else ""
    return f"{_NAME}={path}.{_digest(state)}; Path=/; Max-Age={_LIFETIME_S}; HttpOnly; SameSite=Lax{secure}"


def read_return_path(cookie_header: str | None, state: str | None) -> str | None:
    """Return the path from the header `Cookie`, of a link's page or the dashboard's page of connections.

    None where it has none for this state.
    """
    for value in list_cookies(cookie_header or "", _NAME):
        match = _VALUE.fullmatch(value)
        if match is not None and match[3] == _digest(state or "") and (match[2] is None or is_link_token(match[2])):
            return match[1]
    return None


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:32]
