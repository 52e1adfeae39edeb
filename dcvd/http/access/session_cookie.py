"""The cookie in which a browser keeps the secret of its session."""

from typing import Final

from litestar.types import Scope

from dcvd.config import Config
from dcvd.core.http.cookies import list_cookies
from dcvd.core.instants import to_seconds

_NAME: Final = "dcvd_session"
_HOST_PREFIX: Final = "__Host-"
"""Browsers take a cookie with this prefix by https alone, for this host alone (RFC 6265bis, section 4.1.3.2)."""


def build_session_cookie(config: Config, secret: str, lifetime_ms: int) -> str:
    """Return the value of `Set-Cookie` by which a browser keeps the secret, and sends it with requests of this site."""
    return _build_cookie(config, secret, int(to_seconds(lifetime_ms)))


def build_cookie_removal(config: Config) -> str:
    """Return the value of `Set-Cookie` that has a browser forget the secret."""
    return _build_cookie(config, "", 0)


def read_session_secret(config: Config, scope: Scope) -> str | None:
    """Return the secret that a browser sent; None where it sent none."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    return next(filter(None, list_cookies("; ".join(lines), _find_name(config))), None)


def _build_cookie(config: Config, value: str, lifetime_s: int) -> str:
    secure = "; Secure" if _is_secure(config) else ""
    return f"{_find_name(config)}={value}; Path=/; Max-Age={lifetime_s}; HttpOnly; SameSite=Strict{secure}"


def _find_name(config: Config) -> str:
    return f"{_HOST_PREFIX}{_NAME}" if _is_secure(config) else _NAME


def _is_secure(config: Config) -> bool:
    return config.server.public_url.startswith("https://")
