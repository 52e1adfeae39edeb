"""The cookie in which a browser keeps the secret of its session."""

from typing import Final

from litestar.types import Scope

from dcvd.config import Config
from dcvd.core.instants import to_seconds
from dcvd.http.access.cookies import find_cookie_name, read_cookie

_NAME: Final = "dcvd_session"


def build_session_cookie(config: Config, secret: str, lifetime_ms: int) -> str:
    """Return the value of `Set-Cookie` by which a browser keeps the secret, and sends it with requests of this site."""
    return _build_cookie(config, secret, int(to_seconds(lifetime_ms)))


def build_cookie_removal(config: Config) -> str:
    """Return the value of `Set-Cookie` that has a browser forget the secret."""
    return _build_cookie(config, "", 0)


def read_session_secret(config: Config, scope: Scope) -> str | None:
    """Return the secret that a browser sent; None where it sent none."""
    return read_cookie(config, scope, _NAME) or None


def _build_cookie(config: Config, value: str, lifetime_s: int) -> str:
    secure = "; Secure" if config.server.is_https else ""
    return f"{find_cookie_name(config, _NAME)}={value}; Path=/; Max-Age={lifetime_s}; HttpOnly; SameSite=Strict{secure}"
