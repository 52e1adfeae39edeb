"""Parsers of network addresses: socket addresses, hostnames and base URLs."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from dcvd.core.addresses import MAX_NAME_CHARS, is_loopback, parse_ip

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::([0-9]{1,5}))?")
_PLAIN: Final = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


class SocketAddress(NamedTuple):
    """A host (IP address without brackets, or hostname) and a port; as text an IPv6 host stands in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, *, default_port: int | None = None, allow_names: bool = True) -> SocketAddress:
    """Parse `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`; the port may be absent if there is a `default_port`.

    `allow_names=False` refuses hostnames. Port 0 (any free port) is accepted. Raises ValueError with a sentence.
    """
    if default_port is not None and (bare_address := parse_ip(text)) is not None:
        return SocketAddress(str(bare_address), default_port)  # an IPv6 address without a port needs no brackets
    match = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no address with a port; an IPv6 address stands in brackets, as in [::1]:53.')
    host, port_text = match[1], match[2]
    address = parse_ip(host)
    if match.re is _BRACKETED and (address is None or ":" not in host):
        raise ValueError(f'"{text}" has no IPv6 address in its brackets.')
    if port_text is None and default_port is None:
        raise ValueError(f'"{text}" has no port.')
    port = int(port_text) if port_text is not None else default_port
    assert port is not None
    if port > 65535:
        raise ValueError(f'"{text}" has a port above 65535.')
    if address is not None:
        return SocketAddress(str(address), port)
    if not allow_names:
        raise ValueError(f'"{text}" is not an IP address.')
    return SocketAddress(parse_hostname(host), port)


def parse_hostname(text: str, *, labels: int = 1) -> str:
    """Parse a hostname of at least `labels` labels into lower case without a final dot. Raises ValueError."""
    name = text.lower().removesuffix(".")
    if len(name) > MAX_NAME_CHARS or _HOSTNAME.fullmatch(name) is None:
        raise ValueError(f'"{text}" is not a hostname of letters, digits, hyphens and dots.')
    last = name.rpartition(".")[2]
    if last.isdigit():
        raise ValueError(f'"{text}" ends in a number, so it reads as an IP address.')
    if name.count(".") + 1 < labels:
        raise ValueError(f'"{text}" is a single label, not a full hostname.')
    return name


def parse_base_url(text: str) -> str:
    """Check an http or https URL to which paths can be appended. Raises ValueError with a sentence."""
    if _VISIBLE.fullmatch(text) is None:
        raise ValueError("A URL is visible ASCII characters without a blank.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f'"{text}" is not a URL: {error}.') from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f'"{text}" does not start with http:// or https:// and a host.')
    if "@" in parts.netloc:
        raise ValueError("The URL carries a user name or password; no secret stands in the configuration.")
    if "?" in text or "#" in text or text.endswith("/"):
        raise ValueError(f'"{text}" ends in a slash, or carries a query or a fragment.')
    if parse_ip(parts.hostname) is None:
        parse_hostname(parts.hostname)
    return text


def leads_to_loopback(url: str) -> bool:
    """Whether a URL's host is a loopback address or `localhost`."""
    return is_loopback(urlsplit(url).hostname or "")
