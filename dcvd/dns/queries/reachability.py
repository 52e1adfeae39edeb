"""Which addresses found in DNS may be asked, and can be from here."""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from dcvd.config import SocketAddress
from dcvd.core.addresses import refusal

log = structlog.get_logger(__name__)

PORT: Final = 53
_PER_NAME: Final = 2
_SOMEWHERE: Final = ("2001:500:2::c", PORT)
"""c.root-servers.net; nothing is sent to it."""
_REMEMBERED: Final = 300.0
_ENOUGH: Final = 4


class Routes:
    """Whether IPv6 leads anywhere from this machine is learned: a route alone does not say it, and servers that we
    cannot reach must not be called silent."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._looked_until = 0.0
        self._route = False
        self._silent = 0
        self._works_until = 0.0

    @property
    def ipv6(self) -> bool:
        """Whether to try IPv6 at all."""
        now = self._now()
        if now >= self._looked_until:
            self._looked_until = now + _REMEMBERED
            self._route = _has_route()
            self._silent = 0
        return self._route and (self._silent < _ENOUGH or now < self._works_until)

    def is_told(self, server: SocketAddress) -> bool:
        """Whether silence of that server is its own: for IPv6, whether another server answered of late."""
        return not _is_ipv6(server) or self._now() < self._works_until

    def answered(self, server: SocketAddress) -> None:
        if _is_ipv6(server):
            self._works_until = self._now() + _REMEMBERED
            self._silent = 0

    def timed_out(self, server: SocketAddress) -> None:
        if _is_ipv6(server):
            self._silent += 1

    def public(self, addresses: Iterable[str], nameserver: str) -> list[SocketAddress]:
        """The few of a name server's addresses that may be asked, IPv4 first.

        A zone's owner chooses them; private ones would point us into our own network.
        """
        kept = []
        for address in sorted(set(addresses), key=lambda text: (":" in text, text)):
            parsed = ipaddress.ip_address(address)
            if parsed.version == 6 and not self.ipv6:
                continue
            reason = refusal(parsed, ())
            if reason is None:
                kept.append(SocketAddress(address, PORT))
            else:
                log.info("dns.nameserver_refused", server=nameserver, address=address, reason=reason)
        return [*_of(kept, False)[:_PER_NAME], *_of(kept, True)[:_PER_NAME]]


def _of(servers: list[SocketAddress], ipv6: bool) -> list[SocketAddress]:
    return [server for server in servers if _is_ipv6(server) is ipv6]


def _is_ipv6(server: SocketAddress) -> bool:
    return ":" in server.host


def _has_route() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(_SOMEWHERE)
    except OSError:
        return False
    return True
