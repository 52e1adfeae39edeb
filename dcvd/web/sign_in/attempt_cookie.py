"""The cookie that ties the answer of an identity provider to a browser, and remembers where it wanted to go."""

import base64
import binascii
from typing import Final

from litestar.datastructures import Cookie
from litestar.types import Scope

from dcvd.config import Config
from dcvd.core.http.own_paths import read_own_path
from dcvd.core.instants import to_seconds
from dcvd.core.oidc.attempts import ATTEMPT_LIFETIME_MS
from dcvd.http.access.cookies import find_cookie_name, read_cookie

_NAME: Final = "dcvd_sign_in"
_MAX_PATH_CHARACTERS: Final = 1_000


def build_attempt_cookie(config: Config, secret: str, path: str) -> Cookie:
    """Build the cookie that keeps a secret, and the path to which the browser goes once it is signed in.

    It comes along when the provider sends the browser back, which is a navigation from another site (`SameSite=Lax`).
    """
    kept_path = path if len(path) <= _MAX_PATH_CHARACTERS else ""
    value = f"{secret}.{base64.urlsafe_b64encode(kept_path.encode()).rstrip(b'=').decode()}"
    return _build(config, value, int(to_seconds(ATTEMPT_LIFETIME_MS)))


def build_attempt_removal(config: Config) -> Cookie:
    """Build the cookie that has a browser forget it."""
    return _build(config, "", 0)


def read_attempt_cookie(config: Config, scope: Scope, default_path: str) -> tuple[str, str]:
    """Return the secret that a browser sent, empty where it sent none, and the path."""
    secret, _, path = read_cookie(config, scope, _NAME).partition(".")
    return secret, read_own_path(_decode(path), default_path)


def _decode(text: str) -> str | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _build(config: Config, value: str, lifetime_s: int) -> Cookie:
    return Cookie(
        key=find_cookie_name(config, _NAME),
        value=value,
        path="/",
        max_age=lifetime_s,
        httponly=True,
        samesite="lax",
        secure=config.server.is_https,
    )
