"""What an operator lets tenants make us dial, judged three times: on the URL, on a name's addresses, on each dial."""

import re
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from dcvd.core.addresses import Address, refusal
from dcvd.kit.lookup import Lookups

MAX_URL: Final = 2048
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Nothing but what RFC 3986 lets stand in a URL, every percent sign followed by two hex digits.
_WELL_QUOTED: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=#]|%[0-9A-Fa-f]{2})*")
_HOST_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_LOOPBACK: Final = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class EgressPolicy(Struct, frozen=True, kw_only=True):
    """An address in `allow_private` may be dialled on any port, every other public one on `ports` alone."""

    allow_http: bool = False
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = frozenset({80, 443})


class AddressRefused(OSError):
    """The guard's refusal, an OSError so that it passes through aiohttp's connector as the reason of a failed dial."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def check_url(url: str, policy: EgressPolicy) -> str | None:
    """What can be judged without the network; None, or a sentence that says what is wrong with the URL."""
    if len(url) > MAX_URL:
        return f"The URL is {len(url)} characters long; at most {MAX_URL} are accepted."
    if _UNPRINTABLE.search(url):
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
    return _check_host(host, parsed.port or 443, policy)


def parse_url(url: str) -> URL:
    """The URL to dial: exactly as it is written where that is well quoted, since a receiver may sign over it.

    Raises ValueError.
    """
    return URL(url, encoded=_WELL_QUOTED.fullmatch(url) is not None)


def check_headers(headers: Mapping[str, str]) -> str | None:
    """None, or a sentence: no line breaks, no control characters, nothing that changes how the request is framed."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is not a header name."
        if not _HEADER_VALUE.fullmatch(value):
            return f"The header {name} contains a line break or another character that no header may contain."
        if name.lower() in _FRAMING:
            return f"The header {name} is set by the connection itself and cannot be chosen."
    return None


def judge(address: Address, port: int, policy: EgressPolicy) -> str | None:
    """None when this address and port may be dialled, else the reason."""
    reason = refusal(address, policy.allow_private)
    if reason is not None:
        return reason
    if port in policy.ports or any(address in network for network in policy.allow_private):
        return None
    return f"port {port} is not allowed"


def literal_address(host: str) -> Address | None:
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


class GuardedResolver(AbstractResolver):
    """Gives the connector only the addresses that may be dialled, and the connector dials these very ones."""

    def __init__(self, policy: EgressPolicy, lookups: Lookups) -> None:
        self._policy = policy
        self._lookups = lookups

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises AddressRefused when the name has addresses, and none of them may be dialled."""
        usable: list[ResolveResult] = []
        refused: dict[str, str] = {}
        for address in await self._lookups.addresses(host):
            own_family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            if family not in (socket.AF_UNSPEC, own_family):
                continue
            reason = judge(address, port, self._policy)
            if reason is not None:
                refused[str(address)] = reason
                continue
            usable.append(
                ResolveResult(
                    hostname=host,
                    host=str(address),
                    port=port,
                    family=own_family,
                    proto=socket.IPPROTO_TCP,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        if not usable and refused:
            spelled = ", ".join(f"{address} ({reason})" for address, reason in refused.items())
            raise AddressRefused(f"{host} leads to {spelled}, which may not be dialled.")
        if not usable:
            raise socket.gaierror(socket.EAI_NODATA, "the name has no address")
        return usable

    async def close(self) -> None:
        """Nothing to release: lookups under way end by themselves."""


def guarded_socket(policy: EgressPolicy, info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """The connector's socket factory, the last gate before each dial, passed by names and literals alike."""
    family, kind, protocol, _, target = info
    host, port = str(target[0]), int(str(target[1]))
    reason = judge(ip_address(host), port, policy)
    if reason is not None:
        raise AddressRefused(f"{host} port {port} may not be dialled ({reason}).")
    return socket.socket(family, kind, protocol)


def _check_host(host: str, port: int, policy: EgressPolicy) -> str | None:
    address = literal_address(host)
    if address is not None:
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return "The URL's address has a zone id, which means something on one machine only; leave it out."
        reason = judge(address, port, policy)
        if reason is not None:
            return f"The URL's address {address} may not be dialled ({reason})."
        if isinstance(address, IPv4Address) and host != str(address):
            return f"The URL spells an address in an unusual way; write {address}."
        return None
    name = host.rstrip(".").lower()
    if ".." in host or len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        return f"The URL's host {host[:80]!r} is not a host name."
    if name == "localhost" or name.endswith(".localhost"):
        if all(judge(address, port, policy) is not None for address in _LOOPBACK):
            return f"The URL's host {name} is this machine itself, which may not be dialled (loopback)."
        return None
    if port not in policy.ports and not policy.allow_private:
        allowed = ", ".join(str(number) for number in sorted(policy.ports))
        return f"The URL names port {port}; allowed are {allowed}."
    return None
