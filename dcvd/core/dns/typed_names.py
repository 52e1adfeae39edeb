"""Hostnames as people type and paste them: what is meant is taken, and what is unclear is told with what to enter."""

import re
from typing import Final
from urllib.parse import urlsplit

from dcvd.core.addresses import parse_ip

_WEB_URL: Final = re.compile(r"(?:https?:?[/\\\\]+|//)+(.*)", re.IGNORECASE | re.DOTALL)
_AFTER_NAME: Final = re.compile(r"[/?#\\].*", re.DOTALL)
_PORT: Final = re.compile(r"(.*):([0-9]{0,5})", re.DOTALL)
_WEB_PORTS: Final = frozenset({"", "80", "443"})


class NotOnlyName(ValueError):
    """A text has more than a hostname, or another thing; the message says what, and what to enter instead."""


def extract_name(text: str) -> str:
    """Return the hostname of what somebody typed, which may be the address of a page. Raises NotOnlyName."""
    typed = text.strip()
    web_url = _WEB_URL.fullmatch(typed)
    if web_url is None and "://" in typed:
        raise NotOnlyName(f"{typed!r} is no address of a web page. {_enter(_host_of(typed))}")
    name = _AFTER_NAME.sub("", typed if web_url is None else web_url[1])
    with_port = _PORT.fullmatch(name)
    without_port = name if with_port is None else with_port[1]
    if parse_ip(name.strip("[]")) is not None or parse_ip(without_port.strip("[]")) is not None:
        raise NotOnlyName(f"{name!r} is an IP address; a certificate needs a hostname.")
    if "@" in name:
        thing = "an e-mail address" if web_url is None else "an address with a user's name"
        raise NotOnlyName(f"{typed!r} is {thing}. {_enter(without_port.rpartition('@')[2])}")
    if with_port is None or ":" in with_port[1]:
        return name
    if with_port[2] not in _WEB_PORTS:
        raise NotOnlyName(f"{typed!r} has a port, of which DNS knows nothing. {_enter(with_port[1])}")
    return with_port[1]


def _enter(name: str) -> str:
    return f"Enter only the name: {name if '.' in name else 'app.customer.com'}."


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
