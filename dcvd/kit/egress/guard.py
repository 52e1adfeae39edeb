"""Enforce which addresses tenants may make us dial: check the URL, then a name's addresses, then each dial."""

import functools
import re
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from msgspec import Struct
from yarl import URL

from dcvd.core.addresses import MAX_NAME_CHARS, PLATFORM_NETWORKS, IpAddress, parse_ip, refusal_reason
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.sentences.wording import SaidSentences, word

MAX_URL_LENGTH: Final = 2048
_FORBIDDEN_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Only the characters that RFC 3986 allows in a URL, with every percent sign followed by two hex digits.
_WELL_QUOTED_URL: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=#]|%[0-9A-Fa-f]{2})*")
_HOST_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_USUAL_BYTES: Final = bytes(range(0x20, 0x7F))
_FRAMING_HEADERS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_LOOPBACK: Final = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class EgressPolicy(Struct, frozen=True, kw_only=True):
    """The operator's rules: addresses in `allow_private` may be dialled on any port, public ones only on `ports`.

    deny: addresses that must not be dialled whatever else allows them. nat64_prefix: see `refusal_reason`.
    """

    allow_http: bool = False
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})
    deny: tuple[IPv4Network | IPv6Network, ...] = PLATFORM_NETWORKS
    nat64_prefix: IPv6Network | None = None


EVERYWHERE: Final = EgressPolicy(
    allow_http=True, allow_private=(IPv4Network("0.0.0.0/0"), IPv6Network("::/0")), deny=()
)
"""For hosts that the operator chose."""


def allow_networks(networks: tuple[IPv4Network | IPv6Network, ...]) -> EgressPolicy:
    """Return the policy under which these private networks may be dialled, then also without TLS."""
    return EgressPolicy(allow_http=bool(networks), allow_private=networks)


class EgressRefusal(Struct, frozen=True):
    """A refusal to dial. The message of `judge_address` is a clause ("private"), that of `judge_url` a sentence."""

    reason: FailureReason
    message: str
    wording: SaidSentences | None = None

    @property
    def said(self) -> str | SaidSentences:
        """What an error says of it."""
        return self.wording or self.message


class AddressRefused(OSError):
    """An address must not be dialled. It is an OSError, so that it counts as one failed dial among several.

    detail: the addresses, or why there are none; it is for the log alone.
    """

    def __init__(self, refusal: EgressRefusal, detail: str = "") -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.detail = detail


def check_url(url: str, policy: EgressPolicy) -> SaidSentences | None:
    """Check a URL as far as possible without the network; return what is wrong with it as a sentence, or None."""
    refusal = judge_url(url, policy)
    return None if refusal is None else refusal.wording


def judge_url(url: str, policy: EgressPolicy) -> EgressRefusal | None:
    """Check a URL as `check_url` does, and return the refusal with its reason, or None."""
    fault = _find_spelling_fault(url, policy)
    if fault is not None:
        return _refuse(FailureReason.BAD_URL, fault)
    parsed = parse_url(url)
    return _judge_host(str(parsed.raw_host), parsed.port or 443, policy)


def _find_spelling_fault(url: str, policy: EgressPolicy) -> SaidSentences | None:
    if len(url) > MAX_URL_LENGTH:
        return word("url_too_long", count=len(url), most=MAX_URL_LENGTH)
    if _FORBIDDEN_CHARACTERS.search(url):
        return word("url_odd_characters")
    try:
        parsed = parse_url(url)
        host, port = parsed.raw_host, parsed.explicit_port
    except ValueError as error:
        return word("url_unreadable", reason=str(error).rstrip("."))
    schemes = ("https", "http") if policy.allow_http else ("https",)
    if parsed.scheme not in schemes:
        return word("url_not_http" if policy.allow_http else "url_not_https")
    if not host:
        return word("url_without_host")
    if parsed.user is not None or parsed.password is not None or "@" in parsed.raw_authority:
        return word("url_with_user")
    if "#" in url:
        return word("url_with_fragment")
    # The parser accepts digits of every script, so the port has to be written exactly as the number that is dialled.
    authority = re.split(r"[/?]", url.partition("://")[2], maxsplit=1)[0]
    if authority.endswith(":") or (port is not None and not authority.endswith(f":{port}")):
        return word("url_odd_port")
    if port == 0:
        return word("url_port_zero")
    return None


def parse_url(url: str) -> URL:
    """Parse a URL, keeping it exactly as written where it is well quoted, since a receiver may sign over it.

    Raises ValueError.
    """
    return URL(url, encoded=is_well_quoted(url))


@functools.lru_cache(maxsize=1024)
def find_origin(url: str) -> str:
    """Return scheme, host and port of a URL in one spelling; the URL itself where it cannot be read."""
    try:
        parsed = parse_url(url)
    except ValueError:
        return url
    return f"{parsed.scheme}://{(parsed.raw_host or '').lower().rstrip('.')}:{parsed.port}"


def is_well_quoted(url: str) -> bool:
    """Whether a URL can be sent exactly as it is written."""
    return _WELL_QUOTED_URL.fullmatch(url) is not None


def check_headers(headers: Mapping[str, str]) -> str | None:
    """Return what is wrong with headers as a sentence, such as a line break or a framing header; else None."""
    return check_header_names(headers) or check_header_values(headers)


def check_header_names(names: Iterable[str]) -> str | None:
    """Check the names of headers as `check_headers` does."""
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is not a header name."
        if name.lower() in _FRAMING_HEADERS:
            return f"The header {name} is set by the connection itself and cannot be chosen."
    return None


def check_header_values(headers: Mapping[str, str]) -> str | None:
    """Check the values of headers as `check_headers` does."""
    # Every allowed character is allowed in any place, so the joined values can be checked at once.
    joined_values = "".join(headers.values())
    if joined_values.isascii() and not joined_values.encode().translate(None, _USUAL_BYTES):
        return None  # a tenth of what the expression below costs
    if _HEADER_VALUE.fullmatch(joined_values):
        return None
    name = next(name for name, value in headers.items() if not _HEADER_VALUE.fullmatch(value))
    return f"The header {name} contains a line break or another character that no header may contain."


def judge_address(address: IpAddress, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    """Return why this address and port must not be dialled; None when they may be."""
    reason = refusal_reason(
        address, policy.allow_private, denied_networks=policy.deny, nat64_prefix=policy.nat64_prefix
    )
    if reason is not None:
        return EgressRefusal(FailureReason.ADDRESS_NOT_ALLOWED, reason)
    if port in policy.ports or any(address in network for network in policy.allow_private):
        return None
    return EgressRefusal(FailureReason.PORT_NOT_ALLOWED, f"port {port} is not allowed")


def parse_literal_address(host: str) -> IpAddress | None:
    """Parse a host that is an address, however it is spelled (`127.1`, `0x7f.1`, `2130706433`); None for a name."""
    text = host.rstrip(".")
    if (address := parse_ip(text.removeprefix("[").removesuffix("]"))) is not None:
        return address
    try:  # the C library also reads the historic spellings
        return IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def select_permitted(
    host: str, addresses: Iterable[IpAddress], port: int, policy: EgressPolicy
) -> tuple[IpAddress, ...]:
    """Return those of a name's addresses that may be dialled, each once, in their order.

    Raises AddressRefused when there are none.
    """
    refusal_by_address = {address: judge_address(address, port, policy) for address in addresses}
    usable = tuple(address for address, refusal in refusal_by_address.items() if refusal is None)
    if usable:
        return usable
    refusals = {address: refusal for address, refusal in refusal_by_address.items() if refusal is not None}
    detail = ", ".join(f"{address} ({refusal.message})" for address, refusal in refusals.items())
    if any(refusal.reason is FailureReason.PORT_NOT_ALLOWED for refusal in refusals.values()):
        # It has a public address, and the port is what the tenant has to correct.
        message = f"The URL names port {port} of {host}, which is not allowed."
        raise AddressRefused(EgressRefusal(FailureReason.PORT_NOT_ALLOWED, message), detail)
    raise name_not_public(host, detail or "no address")


def name_not_public(host: str, detail: str) -> AddressRefused:
    """Build the one error for a name that is unknown, has no address, or has none that may be dialled."""
    message = f"The name {host} leads to no public address."
    return AddressRefused(EgressRefusal(FailureReason.NAME_NOT_PUBLIC, message), detail)


def require_permitted(address: IpAddress, port: int, policy: EgressPolicy) -> None:
    """Check an address for the last time before it is dialled. Raises AddressRefused."""
    refusal = judge_address(address, port, policy)
    if refusal is not None:
        raise build_refusal(address, port, refusal.message, refusal.reason)


def build_refusal(
    address: IpAddress, port: int, clause: str, reason: FailureReason = FailureReason.ADDRESS_NOT_ALLOWED
) -> AddressRefused:
    """Build the error for an address that must not be dialled; `clause` says why."""
    return AddressRefused(EgressRefusal(reason, f"{address} port {port} is not allowed ({clause})."))


def create_guarded_socket(address: IpAddress, port: int, policy: EgressPolicy) -> socket.socket:
    """Create the socket for a dial, after the last check of the address. Raises AddressRefused."""
    require_permitted(address, port, policy)
    new_socket = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    new_socket.setblocking(False)
    return new_socket


def _refuse(reason: FailureReason, wording: SaidSentences) -> EgressRefusal:
    return EgressRefusal(reason, wording.english, wording)


def _judge_host(host: str, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    address = parse_literal_address(host)
    if address is not None:
        return _judge_literal(host, address, port, policy)
    name = host.rstrip(".").lower()
    if ".." in host or len(name) > MAX_NAME_CHARS or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        return _refuse(FailureReason.BAD_URL, word("url_host_no_name", host=repr(host[:80])))
    if name == "localhost" or name.endswith(".localhost"):
        if all(judge_address(address, port, policy) is not None for address in _LOOPBACK):
            return _refuse(FailureReason.ADDRESS_NOT_ALLOWED, word("url_host_loopback", host=name))
        return None
    if port not in policy.ports and not policy.allow_private:
        allowed = ", ".join(str(number) for number in sorted(policy.ports))
        return _refuse(FailureReason.PORT_NOT_ALLOWED, word("url_port_refused", port=port, allowed=allowed))
    return None


def _judge_literal(host: str, address: IpAddress, port: int, policy: EgressPolicy) -> EgressRefusal | None:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return _refuse(FailureReason.BAD_URL, word("url_zone_id"))
    refusal = judge_address(address, port, policy)
    if refusal is not None:
        return _refuse(refusal.reason, word("url_address_refused", address=str(address), reason=refusal.message))
    if isinstance(address, IPv4Address) and host != str(address):
        return _refuse(FailureReason.BAD_URL, word("url_odd_address", address=str(address)))
    return None
