"""What an operator lets tenants make us dial, judged three times: on the URL, on a name's addresses, on each dial."""

import re
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from msgspec import Struct
from yarl import URL

from dcvd.core.addresses import IpAddress, refusal_reason
from dcvd.core.http_exchanges import FailureReason

MAX_URL_LENGTH: Final = 2048
_FORBIDDEN_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Nothing but what RFC 3986 lets stand in a URL, every percent sign followed by two hex digits.
_WELL_QUOTED_URL: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=#]|%[0-9A-Fa-f]{2})*")
_HOST_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING_HEADERS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_LOOPBACK: Final = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class EgressPolicy(Struct, frozen=True, kw_only=True):
    """An address in `allow_private` may be dialled on any port, every other public one on `ports` alone."""

    allow_http: bool = False
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})


class EgressRefusal(Struct, frozen=True):
    """The guard's no. From `judge` the message is a clause ("private"), from `refuse_url` a sentence."""

    reason: FailureReason
    message: str


class AddressRefused(OSError):
    """An address may not be dialled; an OSError, so that it counts as one failed dial among a name's several."""

    def __init__(self, refusal: EgressRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def check_url(url: str, policy: EgressPolicy) -> str | None:
    """What can be judged without the network; None, or a sentence that says what is wrong with the URL."""
    refused = judge_url(url, policy)
    return None if refused is None else refused.message


def judge_url(url: str, policy: EgressPolicy) -> EgressRefusal | None:
    """As `check_url`, with the reason."""
    fault = _find_spelling_fault(url, policy)
    if fault is not None:
        return EgressRefusal(FailureReason.BAD_URL, fault)
    parsed = parse_url(url)
    return _judge_host(str(parsed.raw_host), parsed.port or 443, policy)


def _find_spelling_fault(url: str, policy: EgressPolicy) -> str | None:
    if len(url) > MAX_URL_LENGTH:
        return f"The URL is {len(url)} characters long; at most {MAX_URL_LENGTH} are accepted."
    if _FORBIDDEN_CHARACTERS.search(url):
        return "The URL contains a space, a control character or a backslash; write such characters percent-encoded."
    try:
        parsed = parse_url(url)
        host, port = parsed.raw_host, parsed.explicit_port
    except ValueError as error:
        return f"The URL cannot be read: {str(error).rstrip('.')}."
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if parsed.scheme not in schemes:
        return f"The URL has to begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
    if not host:
        return "The URL names no host."
    if parsed.user is not None or parsed.password is not None or "@" in parsed.raw_authority:
        return "The URL contains a user name or a password; leave them out, the webhook's signature authenticates us."
    if "#" in url:
        return "The URL contains a fragment (#…), which is never sent; leave it out."
    # The parser reads digits of every script; as it was written, the port has to be the number that will be dialled.
    written = re.split(r"[/?]", url.partition("://")[2], maxsplit=1)[0]
    if written.endswith(":") or (port is not None and not written.endswith(f":{port}")):
        return "The URL spells its port in an unusual way; write a plain number, or leave it out."
    if port == 0:
        return "The URL names port 0, which nobody can listen on."
    return None


def parse_url(url: str) -> URL:
    """The URL to dial: exactly as it is written where that is well quoted, since a receiver may sign over it.

    Raises ValueError.
    """
    return URL(url, encoded=is_well_quoted(url))


def is_well_quoted(url: str) -> bool:
    """Whether it can be sent exactly as it is written."""
    return _WELL_QUOTED_URL.fullmatch(url) is not None


def check_headers(headers: Mapping[str, str]) -> str | None:
    """None, or a sentence: no line breaks, no control characters, nothing that changes how the request is framed."""
    return check_header_names(headers) or check_header_values(headers)


def check_header_names(names: Iterable[str]) -> str | None:
    """As `check_headers`, of the names alone."""
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is not a header name."
        if name.lower() in _FRAMING_HEADERS:
            return f"The header {name} is set by the connection itself and cannot be chosen."
    return None


def check_header_values(headers: Mapping[str, str]) -> str | None:
    """As `check_headers`, of the values alone."""
    # What is allowed is allowed at every place, so all values together are judged as each by itself would be.
    together = "".join(headers.values())
    if (together.isascii() and together.isprintable()) or _HEADER_VALUE.fullmatch(together):
        return None
    name = next(name for name, value in headers.items() if not _HEADER_VALUE.fullmatch(value))
    return f"The header {name} contains a line break or another character that no header may contain."


def judge_address(address: IpAddress, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    """None when this address and port may be dialled."""
    reason = refusal_reason(address, policy.allow_private)
    if reason is not None:
        return EgressRefusal(FailureReason.ADDRESS_NOT_ALLOWED, reason)
    if port in policy.ports or any(address in network for network in policy.allow_private):
        return None
    return EgressRefusal(FailureReason.PORT_NOT_ALLOWED, f"port {port} is not allowed")


def parse_literal_address(host: str) -> IpAddress | None:
    """The address that a host is, however it is spelled (`127.1`, `0x7f.1`, `2130706433`); None for a name."""
    text = host.rstrip(".")
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass  # no canonical spelling; the C library still reads the historic ones
    try:
        return IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def select_permitted(
    host: str, addresses: Iterable[IpAddress], port: int, policy: EgressPolicy
) -> tuple[IpAddress, ...]:
    """Of a name's addresses those that may be dialled, each once, in their order.

    Raises AddressRefused when there are addresses, and none of them may be dialled.
    """
    judged = {address: judge_address(address, port, policy) for address in addresses}
    usable = tuple(address for address, refused in judged.items() if refused is None)
    refusals = {address: refused for address, refused in judged.items() if refused is not None}
    if usable or not refusals:
        return usable
    spelled = ", ".join(f"{address} ({refused.message})" for address, refused in refusals.items())
    # A port that is not allowed speaks of a public address: that one is what the tenant has to mend.
    reasons = {refused.reason for refused in refusals.values()}
    reason = min(reasons, key=lambda reason: reason is not FailureReason.PORT_NOT_ALLOWED)
    raise AddressRefused(EgressRefusal(reason, f"{host} leads to {spelled}, which may not be dialled."))


def create_guarded_socket(address: IpAddress, port: int, policy: EgressPolicy) -> socket.socket:
    """The last gate before each dial, passed by names and literals alike. Raises AddressRefused."""
    refused = judge_address(address, port, policy)
    if refused is not None:
        message = f"{address} port {port} may not be dialled ({refused.message})."
        raise AddressRefused(EgressRefusal(refused.reason, message))
    made = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def _judge_host(host: str, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    address = parse_literal_address(host)
    if address is not None:
        return _judge_literal(host, address, port, policy)
    name = host.rstrip(".").lower()
    if ".." in host or len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        return EgressRefusal(FailureReason.BAD_URL, f"The URL's host {host[:80]!r} is not a host name.")
    if name == "localhost" or name.endswith(".localhost"):
        if all(judge_address(address, port, policy) is not None for address in _LOOPBACK):
            message = f"The URL's host {name} is this machine itself, which may not be dialled (loopback)."
            return EgressRefusal(FailureReason.ADDRESS_NOT_ALLOWED, message)
        return None
    if port not in policy.ports and not policy.allow_private:
        allowed = ", ".join(str(number) for number in sorted(policy.ports))
        return EgressRefusal(FailureReason.PORT_NOT_ALLOWED, f"The URL names port {port}; allowed are {allowed}.")
    return None


def _judge_literal(host: str, address: IpAddress, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        message = "The URL's address has a zone id, which means something on one machine only; leave it out."
        return EgressRefusal(FailureReason.BAD_URL, message)
    refused = judge_address(address, port, policy)
    if refused is not None:
        return EgressRefusal(refused.reason, f"The URL's address {address} may not be dialled ({refused.message}).")
    if isinstance(address, IPv4Address) and host != str(address):
        return EgressRefusal(FailureReason.BAD_URL, f"The URL spells an address in an unusual way; write {address}.")
    return None
