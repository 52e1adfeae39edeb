"""Follow delegations from the parent of a registrable name to the servers of its zone (RFC 1034 §4.2, RFC 9499 §7)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec import Struct

from dcvd.config import SocketAddress
from dcvd.dns.messages.names import get_parent, is_at_or_below, is_root, is_same, to_key, to_text
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply, Referral
from dcvd.dns.queries.lookup import RecordLookup
from dcvd.dns.queries.reachability import DNS_PORT, Reachability
from dcvd.dns.queries.sources import AnswerSource

_MAX_NAMESERVERS: Final = 8
MAX_SERVERS: Final = 13
_MAX_PARENT_SERVERS: Final = 3
_MAX_ZONE_CUTS: Final = 5


class NameServer(NamedTuple):
    """A name server at one of its addresses. name: as in its NS record, or the address if there is no NS record."""

    name: str
    address: SocketAddress


class ZoneDelegation(Struct, frozen=True, kw_only=True):
    """A zone and its servers.

    nameservers: the names in its NS records, also those whose addresses cannot be asked. unresolved: those of them that
        have no address in DNS.
    is_registered: False when its parent denies that it exists, None when nobody answered; then `servers` is empty.
    """

    zone: Name
    nameservers: tuple[Name, ...] = ()
    unresolved: tuple[Name, ...] = ()
    servers: tuple[NameServer, ...] = ()
    is_registered: bool | None = None


class DelegationFinder:
    """Finds the delegation of a name for one check. Replies are kept in the cache of `lookup`."""

    def __init__(self, lookup: RecordLookup, reachability: Reachability) -> None:
        self._lookup = lookup
        self._reachability = reachability

    async def find_for_registrable(self, name: Name) -> ZoneDelegation:
        """Find the zone that holds a registrable name: its own, or that of the name's parent."""
        zone, servers = await self._find_parent(name)
        for _ in range(_MAX_ZONE_CUTS):
            reply = await self._ask_parent_servers(name, zone, servers)
            if reply is None:
                break
            if reply.is_answered:
                return await self._interpret_parent_answer(name, zone, servers, reply)
            referral = reply.referral
            if referral is None or not is_below_zone(referral.zone_cut, zone):
                break
            delegation = await self.follow_referral(referral, zone)
            if is_same(referral.zone_cut, name):
                return delegation
            zone, servers = delegation.zone, delegation.servers
        return await self._find_by_resolvers(name)

    async def follow_referral(self, referral: Referral, zone: Name) -> ZoneDelegation:
        """Return the zone that the servers of `zone` refer to. Glue counts only for names within `zone`."""
        nameservers = _limit_nameservers(referral.nameservers)
        glue: dict[str, list[str]] = {}
        for nameserver, address in referral.glue:
            if is_at_or_below(nameserver, zone):
                glue.setdefault(to_text(nameserver), []).append(address)
        servers, unresolved = await self.resolve_servers(nameservers, glue)
        return ZoneDelegation(
            zone=referral.zone_cut,
            nameservers=nameservers,
            unresolved=unresolved,
            servers=servers,
            is_registered=True,
        )

    async def _find_parent(self, name: Name) -> tuple[Name, tuple[NameServer, ...]]:
        """Find the zone above a name and its servers by the resolvers; the result is cached for all names below it."""
        zone = get_parent(name)
        reply = await self._lookup.ask(zone, RdataType.NS, bypass_cache=False)
        if not reply.rdatas and reply.zone is not None and not is_root(zone):
            zone = reply.zone
            reply = await self._lookup.ask(zone, RdataType.NS, bypass_cache=False)
        servers, _ = await self.resolve_servers(_get_nameservers(reply), {})
        return zone, servers

    async def _ask_parent_servers(self, name: Name, zone: Name, servers: Sequence[NameServer]) -> DnsReply | None:
        """Return the first useful reply about the name from the parent's servers; None when there is none."""
        query = DnsQuery(name, RdataType.NS, recurse=False)

        async def ask() -> DnsReply:
            reply = DnsReply(outcome="timeout")
            for server in servers[:_MAX_PARENT_SERVERS]:
                reply = await self._lookup.client.ask(query, server.address, self._lookup.budget, tries=1)
                if reply.is_answered or reply.referral is not None:
                    break
            return reply

        key = ("parent", to_key(name), to_key(zone))
        reply = await self._lookup.cache.get(key, ask, bypass_cache=self._lookup.budget.bypass_cache)
        return reply if reply.is_answered or reply.referral is not None else None

    async def _interpret_parent_answer(
        self, name: Name, zone: Name, servers: Sequence[NameServer], reply: DnsReply
    ) -> ZoneDelegation:
        """Interpret an answer that the parent's servers gave instead of a referral: they may serve the zone too."""
        if reply.rdatas:
            nameservers = _get_nameservers(reply)
            own_servers, unresolved = await self.resolve_servers(nameservers, {})
            return ZoneDelegation(
                zone=name, nameservers=nameservers, unresolved=unresolved, servers=own_servers, is_registered=True
            )
        if is_registered(name, reply) is False:
            return ZoneDelegation(zone=zone, is_registered=False)
        return ZoneDelegation(zone=name if reply.zone == name else zone, servers=tuple(servers), is_registered=True)

    async def _find_by_resolvers(self, name: Name) -> ZoneDelegation:
        """Find the zone by the resolvers alone, where the parent cannot be asked."""
        reply = await self._lookup.ask(name, RdataType.NS)
        exists = is_registered(name, reply)
        zone = name
        if exists is not None and not reply.rdatas and reply.zone is not None:
            zone = reply.zone
            reply = await self._lookup.ask(zone, RdataType.NS)
        nameservers = _get_nameservers(reply)
        if exists is False:
            return ZoneDelegation(zone=zone, is_registered=False)
        servers, unresolved = await self.resolve_servers(nameservers, {})
        return ZoneDelegation(
            zone=zone, nameservers=nameservers, unresolved=unresolved, servers=servers, is_registered=exists
        )

    async def resolve_servers(
        self, nameservers: Sequence[Name], glue: Mapping[str, Sequence[str]]
    ) -> tuple[tuple[NameServer, ...], tuple[Name, ...]]:
        """Return the servers that can be asked, and the names that have no address.

        glue: the addresses that are known, by the server's name as text.
        """
        found: dict[str, Sequence[str] | None] = dict(glue)
        texts = [to_text(nameserver) for nameserver in nameservers]
        missing: list[tuple[str, Name]] = []
        for nameserver, text in zip(nameservers, texts, strict=True):
            if text in found:
                continue
            kept = self._find_kept_replies(nameserver)
            if kept is None:
                missing.append((text, nameserver))
            else:
                found[text] = _read_addresses(kept)
        if missing:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask_for_addresses(name), name="dns.nameserver") for _, name in missing]
            found |= {text: _read_addresses(task.result()) for (text, _), task in zip(missing, tasks, strict=True)}
        servers = [
            NameServer(name, address)
            for name in texts
            for address in self._reachability.select_addresses(found[name] or (), name)
        ]
        unresolved = [nameserver for nameserver, text in zip(nameservers, texts, strict=True) if found[text] is None]
        return tuple(dict.fromkeys(servers)), tuple(unresolved)

    def _find_kept_replies(self, nameserver: Name) -> Sequence[DnsReply] | None:
        """Return the replies about a name server's addresses, if all that it takes are kept."""
        reply = self._lookup.find_kept(nameserver, RdataType.A)
        if reply is None or not self._wants_ipv6(reply):
            return None if reply is None else (reply,)
        ipv6_reply = self._lookup.find_kept(nameserver, RdataType.AAAA)
        return None if ipv6_reply is None else (reply, ipv6_reply)

    async def _ask_for_addresses(self, nameserver: Name) -> Sequence[DnsReply]:
        reply = await self._lookup.ask(nameserver, RdataType.A, bypass_cache=False)
        if not self._wants_ipv6(reply):
            return (reply,)
        return reply, await self._lookup.ask(nameserver, RdataType.AAAA, bypass_cache=False)

    def _wants_ipv6(self, ipv4_reply: DnsReply) -> bool:
        """Whether the AAAA are of use: a name that does not exist has no other type either."""
        is_absent = ipv4_reply.is_answered and not ipv4_reply.rdatas
        return ipv4_reply.exists and (is_absent or self._reachability.has_ipv6)


def _read_addresses(replies: Sequence[DnsReply]) -> list[str] | None:
    """Return the addresses of a name server; None where it has none at all."""
    addresses = [rdata.address for reply in replies for rdata in reply.rdatas]
    return None if not addresses and all(reply.is_answered for reply in replies) else addresses


def is_registered(name: Name, reply: DnsReply) -> bool | None:
    """Whether a registrable name exists, by a reply about it: only a zone above can deny it. None when unanswered."""
    if not reply.is_answered:
        return None
    is_denied = not reply.exists and not reply.aliases and reply.zone is not None and reply.zone != name
    return not is_denied


def select_one_address_each(servers: Sequence[NameServer]) -> tuple[NameServer, ...]:
    """Return each name server once, at its first address: enough for a routine check."""
    return tuple({server.name: server for server in reversed(servers)}.values())[::-1]


def stub_delegation(source: AnswerSource) -> ZoneDelegation:
    """Return a stub zone as if it had been delegated to its configured servers."""
    assert source.zone is not None
    return ZoneDelegation(
        zone=source.zone, servers=tuple(NameServer(format_address(address), address) for address in source.servers)
    )


def format_address(address: SocketAddress) -> str:
    """Return an address as the facts show it: without the port if that is DNS's own."""
    return address.host if address.port == DNS_PORT else str(address)


def _get_nameservers(reply: DnsReply) -> tuple[Name, ...]:
    return _limit_nameservers(rdata.target for rdata in reply.rdatas)


def _limit_nameservers(nameservers: Iterable[Name]) -> tuple[Name, ...]:
    """Sort and limit name servers: servers rotate their answers, and sorted ones stay the same from check to check."""
    return tuple(sorted(nameservers, key=lambda name: to_key(name)[::-1])[:_MAX_NAMESERVERS])


def is_below_zone(zone_cut: Name, zone: Name) -> bool:
    """Whether a referral leads down the tree; sideways, upward or in a circle it leads nowhere."""
    return is_at_or_below(zone_cut, zone) and not is_same(zone_cut, zone)
