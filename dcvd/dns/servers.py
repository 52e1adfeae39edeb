"""Whom to ask about a name: its stub zone's servers, its zone's own servers, or the configured resolvers."""

import asyncio
import ipaddress
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import dns.name
import dns.rdatatype
import structlog

from dcvd.config import Dns, SocketAddress
from dcvd.core.addresses import refusal
from dcvd.dns.ask import Unanswered, addresses_of, ask, targets_of, zone_of

log = structlog.get_logger(__name__)

_REMEMBERED: Final = 300.0
_MOST_ZONES: Final = 10_000
_MOST_SERVERS: Final = 4
_PORT: Final = 53
PATIENCE: Final = 2.0
"""Seconds to find and, again, to ask a zone's own servers, so that time is left for the resolvers."""


class Servers(NamedTuple):
    """Servers to ask in turn, and whether they are to recurse."""

    addresses: tuple[SocketAddress, ...]
    recurse: bool


class ServerFinder:
    """Finds and remembers, for five minutes, the authoritative servers of zones."""

    def __init__(self, config: Dns) -> None:
        self._resolvers = Servers(tuple(config.resolvers), True)
        self._authoritative = config.authoritative
        self._stubs = {dns.name.from_text(zone): Servers(servers, False) for zone, servers in config.stub_zones.items()}
        self._known: dict[dns.name.Name, tuple[float, Servers]] = {}

    async def for_name(self, name: dns.name.Name) -> list[Servers]:
        """Whom to ask, best first; the resolvers come last, for when a zone's own servers are out of our reach."""
        stub = self._stub(name)
        if stub is not None:
            return [stub]
        if not self._authoritative:
            return [self._resolvers]
        try:
            async with asyncio.timeout(PATIENCE):
                own = await self._own_servers(name)
        except (Unanswered, TimeoutError):
            return [self._resolvers]
        return [own, self._resolvers] if own.addresses else [self._resolvers]

    def _stub(self, name: dns.name.Name) -> Servers | None:
        while name != dns.name.root:
            if name in self._stubs:
                return self._stubs[name]
            name = name.parent()
        return None

    async def _own_servers(self, name: dns.name.Name) -> Servers:
        zone = await self._zone(name)
        now = time.monotonic()
        known = self._known.get(zone)
        if known is not None and known[0] > now:
            return known[1]
        found = Servers(tuple(await self._addresses_of_zone(zone)), False)
        if len(self._known) >= _MOST_ZONES:
            self._known.pop(next(iter(self._known)))
        self._known[zone] = (now + _REMEMBERED, found)
        return found

    async def _zone(self, name: dns.name.Name) -> dns.name.Name:
        answer = await ask(name, dns.rdatatype.SOA, self._resolvers.addresses, recurse=True)
        zone = zone_of(answer)
        if zone is None or not name.is_subdomain(zone):
            # The name is a CNAME, and the SOA is its target's: the zone is found from the parent.
            if len(name) <= 2:
                raise Unanswered
            return await self._zone(name.parent())
        return zone

    async def _addresses_of_zone(self, zone: dns.name.Name) -> list[SocketAddress]:
        answer = await ask(zone, dns.rdatatype.NS, self._resolvers.addresses, recurse=True)
        found: list[SocketAddress] = []
        for server in targets_of(answer, zone)[:_MOST_SERVERS]:
            try:
                hosts = await ask(server, dns.rdatatype.A, self._resolvers.addresses, recurse=True)
            except Unanswered:
                continue
            found.extend(_public(addresses_of(hosts), server))
        return found


def _public(addresses: Sequence[str], server: dns.name.Name) -> list[SocketAddress]:
    """A zone's owner chooses what its name servers' addresses are; private ones would point us into our own network."""
    kept = []
    for address in addresses[:2]:
        reason = refusal(ipaddress.ip_address(address), ())
        if reason is None:
            kept.append(SocketAddress(address, _PORT))
        else:
            log.info("dns.nameserver_refused", server=str(server), address=address, reason=reason)
    return kept
