"""Cookies of ours by their names, of which one that came by https cannot be another site's."""

from typing import Final

from litestar.types import Scope

from dcvd.config import Config
from dcvd.core.http.cookies import list_cookies

_HOST_PREFIX: Final = "__Host-"
"""Browsers take a cookie with this prefix by https alone, for this host alone (RFC 6265bis, section 4.1.3.2)."""


def find_cookie_name(config: Config, name: str) -> str:
    """Return the name that a cookie has in browsers."""
    return f"{_HOST_PREFIX}{name}" if config.server.is_https else name


def read_cookie(config: Config, scope: Scope, name: str) -> str:
    """Return the value of the first cookie of a name that has one; empty where a browser sent none."""
    lines = [value.decode("latin-1") for each, value in scope["headers"] if each == b"cookie"]
    return next(filter(None, list_cookies("; ".join(lines), find_cookie_name(config, name))), "")
