"""Decide which addresses found in DNS may be asked, and which can be reached from here."""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

import structlog

from dcvd.config import SocketAddress
from dcvd.core.addresses import IpNetwork, refusal_reason

log = structlog.get_logger(__name__)

DNS_PORT: Final = 53
"""The port that is asked at every address found in DNS."""
_MAX_ADDRESSES_PER_FAMILY: Final = 2
_IPV6_PROBE_ADDRESS: Final = ("2001:500:2::c", DNS_PORT)
"""c.root-servers.net; nothing is sent to it."""
_MEMORY_S: Final = 300.0
_TIMEOUTS_UNTIL_DOUBT: Final = 4
_REMEMBERED_ADDRESSES: Final = 1024


def find_ipv6_route() -> bool:
    """Whether this machine has a route to the Internet over IPv6. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(_IPV6_PROBE_ADDRESS)
    except OSError:
        return False
    return True


class Reachability:
    """Learns whether IPv6 works from this machine, and selects the addresses that may be asked.

    A route alone does not prove that IPv6 works, and a server that we cannot reach must not be reported as silent.
    allow_private: private networks in which name servers may be asked all the same. port: where they listen.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        find_ipv6_route: Callable[[], bool] = find_ipv6_route,
        allow_private: Sequence[IpNetwork] = (),
        port: int = DNS_PORT,
    ) -> None:
        self._monotonic = monotonic
        self._find_ipv6_route = find_ipv6_route
        # Most zones are with the same few providers.
        self._find_refusal_reason = lru_cache(_REMEMBERED_ADDRESSES)(
            lambda address: refusal_reason(ipaddress.ip_address(address), allow_private)
        )
        self._port = port
        self._route_known_until = 0.0
        self._has_ipv6_route = False
        self._ipv6_timeouts = 0
        self._ipv6_works_until = 0.0

    @property
    def has_ipv6(self) -> bool:
        """Whether to try IPv6 at all."""
        now = self._monotonic()
        if now >= self._route_known_until:
            self._route_known_until = now + _MEMORY_S
            self._has_ipv6_route = self._find_ipv6_route()
            self._ipv6_timeouts = 0
        return self._has_ipv6_route and (self._ipv6_timeouts < _TIMEOUTS_UNTIL_DOUBT or now < self._ipv6_works_until)

    def may_report_timeout(self, server: SocketAddress) -> bool:
        """Whether a timeout is the server's own fault: over IPv6 only if some server answered recently."""
        return not _is_ipv6(server) or self._monotonic() < self._ipv6_works_until

    def record_answer(self, server: SocketAddress) -> None:
        """Note that a server answered, which proves that its address family works."""
        if _is_ipv6(server):
            self._ipv6_works_until = self._monotonic() + _MEMORY_S
            self._ipv6_timeouts = 0

    def record_timeout(self, server: SocketAddress) -> None:
        """Note that a server gave no answer in time."""
        if _is_ipv6(server):
            self._ipv6_timeouts += 1

    def select_addresses(self, addresses: Iterable[str], nameserver: str) -> list[SocketAddress]:
        """Select the few of a name server's addresses that may be asked, IPv4 first.

        The zone's owner chooses them; private ones would lead into our own network.
        """
        ipv4_servers: list[SocketAddress] = []
        ipv6_servers: list[SocketAddress] = []
        for address in sorted(set(addresses), key=lambda text: (":" in text, text)):
            is_ipv6 = ":" in address
            if is_ipv6 and not self.has_ipv6:
                continue
            reason = self._find_refusal_reason(address)
            if reason is None:
                (ipv6_servers if is_ipv6 else ipv4_servers).append(SocketAddress(address, self._port))
            else:
                log.info("dns.nameserver_refused", server=nameserver, address=address, reason=reason)
        return ipv4_servers[:_MAX_ADDRESSES_PER_FAMILY] + ipv6_servers[:_MAX_ADDRESSES_PER_FAMILY]


def _is_ipv6(server: SocketAddress) -> bool:
    return ":" in server.host
