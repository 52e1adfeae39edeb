"""The host of a request, in the header or in a target as clients send it to a proxy (RFC 9112, section 3.2)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

# Without user information, by which a target could look like another host's (RFC 9110, section 4.2.4).
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#@\s]+)(/[^?#\s]*)?(\?[^#\s]*)?", re.IGNORECASE)

# A name or an IPv4 address, or one of IPv6 in brackets, and a port; it is empty for a target without a host.
_HOST: Final = re.compile(rb"(\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:[0-9]*)?", re.IGNORECASE | re.ASCII)


class AbsoluteTarget(NamedTuple):
    """host: with its port, if it has one. path: with its query."""

    host: bytes
    path: bytes


def parse_absolute_target(target: bytes) -> AbsoluteTarget | None:
    """Return the parts of a target in absolute form; None for one that is wrong."""
    match = _ABSOLUTE_FORM.fullmatch(target)
    return None if match is None else AbsoluteTarget(match[1], (match[2] or b"/") + (match[3] or b""))


def is_host_told(headers: Iterable[tuple[bytes, bytes]], http_version: str) -> bool:
    """Whether the header Host is there once and as it should be; in HTTP/1.0 it may be missing."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return http_version == "1.0"
    return len(hosts) == 1 and is_host(hosts[0])


def is_host(host: bytes) -> bool:
    """Whether it is a host as Host gives it, with or without a port."""
    return _HOST.fullmatch(host) is not None
