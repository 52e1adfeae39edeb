"""From the parent of a registrable name down to the servers of its zone (RFC 1034 §4.2, RFC 9499 §7)."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import dns.name
import structlog
from dns.name import Name
from dns.rdatatype import RdataType
from msgspec import Struct

from dcvd.config import SocketAddress
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import Question
from dcvd.dns.messages.reply import Referral, Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.cache import Cache
from dcvd.dns.queries.client import Asker
from dcvd.dns.queries.lookup import Lookup
from dcvd.dns.queries.reachability import PORT, Routes
from dcvd.dns.queries.sources import Source, Sources

log = structlog.get_logger(__name__)

_MOST_NAMES: Final = 8
MOST_ADDRESSES: Final = 13
_MOST_PARENTS: Final = 3
_MOST_CUTS: Final = 5


class NamedServer(NamedTuple):
    """A name server at one of its addresses. `name` as the NS record has it, the address again where there is none."""

    name: str
    address: SocketAddress


class Delegation(Struct, frozen=True, kw_only=True):
    """A zone and its servers. nameservers: of its NS records, also those whose addresses cannot be asked.

    registered: False where its parent denies that it exists, None where nobody said; then `servers` is empty.
    """

    zone: Name
    nameservers: tuple[Name, ...] = ()
    servers: tuple[NamedServer, ...] = ()
    registered: bool | None = None


class Delegations:
    """Finds them; what was found is in the caches of `lookup` and of its own questions."""

    def __init__(self, asker: Asker, cache: Cache, lookup: Lookup, routes: Routes) -> None:
        self._asker = asker
        self._cache = cache
        self._lookup = lookup
        self._routes = routes

    async def of_registrable(self, name: Name, sources: Sources, budget: Budget) -> Delegation:
        """The zone that holds a registrable name: its own, or that of the name's parent."""
        zone, servers = await self._parent(name, sources, budget)
        for _ in range(_MOST_CUTS):
            reply = await self._ask_parents(name, zone, servers, budget)
            if reply is None:
                break
            if reply.answered:
                return await self._told(name, zone, servers, reply, sources, budget)
            referral = reply.referral
            if referral is None or not _is_further(referral.cut, zone):
                break
            delegation = await self.referred(referral, zone, sources, budget)
            if referral.cut == name:
                return delegation
            zone, servers = delegation.zone, delegation.servers
        return await self._by_resolvers(name, sources, budget)

    async def referred(self, referral: Referral, zone: Name, sources: Sources, budget: Budget) -> Delegation:
        """The zone below the cut that the servers of `zone` refer to. Glue counts for names in `zone` alone."""
        nameservers = _few(referral.nameservers)
        glue: dict[Name, list[str]] = {}
        for nameserver, address in referral.glue:
            if nameserver.is_subdomain(zone):
                glue.setdefault(nameserver, []).append(address)
        servers = await self._servers(nameservers, glue, sources, budget)
        return Delegation(zone=referral.cut, nameservers=nameservers, servers=servers, registered=True)

    async def _parent(self, name: Name, sources: Sources, budget: Budget) -> tuple[Name, tuple[NamedServer, ...]]:
        """The zone above a name and its servers: by the resolvers, remembered for all names below it."""
        zone = name.parent()
        reply = await self._lookup.one(zone, RdataType.NS, sources, budget, fresh=False)
        if not reply.rdatas and reply.zone is not None and zone != dns.name.root:
            zone = reply.zone
            reply = await self._lookup.one(zone, RdataType.NS, sources, budget, fresh=False)
        return zone, await self._servers(_targets(reply), {}, sources, budget)

    async def _ask_parents(
        self, name: Name, zone: Name, servers: Sequence[NamedServer], budget: Budget
    ) -> Reply | None:
        """What the first of the parent's servers that says anything says of the name; None when none does."""
        question = Question(name, RdataType.NS, recurse=False)

        async def ask() -> Reply:
            reply = Reply(outcome="timeout")
            for server in servers[:_MOST_PARENTS]:
                reply = await self._asker.ask(question, server.address, budget, tries=1)
                if reply.answered or reply.referral is not None:
                    break
            return reply

        reply = await self._cache.get(("parent", name, zone), ask, fresh=budget.fresh)
        return reply if reply.answered or reply.referral is not None else None

    async def _told(
        self, name: Name, zone: Name, servers: Sequence[NamedServer], reply: Reply, sources: Sources, budget: Budget
    ) -> Delegation:
        """The parent's servers answered themselves: they serve the name's zone too, or it has none, or is not there."""
        if reply.rdatas:
            nameservers = _targets(reply)
            found = await self._servers(nameservers, {}, sources, budget)
            return Delegation(zone=name, nameservers=nameservers, servers=found, registered=True)
        if registration(name, reply) is False:
            return Delegation(zone=zone, registered=False)
        return Delegation(zone=name if reply.zone == name else zone, servers=tuple(servers), registered=True)

    async def _by_resolvers(self, name: Name, sources: Sources, budget: Budget) -> Delegation:
        """What is left where the parent cannot be asked."""
        reply = await self._lookup.one(name, RdataType.NS, sources, budget)
        registered = registration(name, reply)
        zone = name
        if registered is not None and not reply.rdatas and reply.zone is not None:
            zone = reply.zone
            reply = await self._lookup.one(zone, RdataType.NS, sources, budget)
        nameservers = _targets(reply)
        if registered is False:
            return Delegation(zone=zone, registered=False)
        servers = await self._servers(nameservers, {}, sources, budget)
        return Delegation(zone=zone, nameservers=nameservers, servers=servers, registered=registered)

    async def _servers(
        self, nameservers: Sequence[Name], glue: dict[Name, list[str]], sources: Sources, budget: Budget
    ) -> tuple[NamedServer, ...]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._addresses(nameserver, glue.get(nameserver, []), sources, budget), name="dns.nameserver"
                )
                for nameserver in nameservers
            ]
        found = [
            NamedServer(to_text(nameserver), address)
            for nameserver, task in zip(nameservers, tasks, strict=True)
            for address in task.result()
        ]
        return tuple(dict.fromkeys(found))

    async def _addresses(
        self, nameserver: Name, glue: Sequence[str], sources: Sources, budget: Budget
    ) -> list[SocketAddress]:
        addresses = list(glue)
        if not addresses:
            for kind in (RdataType.A, RdataType.AAAA) if self._routes.ipv6 else (RdataType.A,):
                reply = await self._lookup.one(nameserver, kind, sources, budget, fresh=False)
                addresses += [rdata.address for rdata in reply.rdatas]
        return self._routes.public(addresses, to_text(nameserver))


def registration(name: Name, reply: Reply) -> bool | None:
    """Whether a registrable name exists, by what was said when it was asked for: only a zone above can deny it."""
    if not reply.answered:
        return None
    denied = not reply.exists and not reply.aliases and reply.zone is not None and reply.zone != name
    return not denied


def one_address_each(servers: Sequence[NamedServer]) -> tuple[NamedServer, ...]:
    """Each name server once: enough for a routine look."""
    return tuple({server.name: server for server in reversed(servers)}.values())[::-1]


def of_stub(source: Source) -> Delegation:
    """A stub zone as if it had been delegated to its configured servers."""
    assert source.zone is not None
    return Delegation(
        zone=source.zone, servers=tuple(NamedServer(shown(address), address) for address in source.servers)
    )


def shown(address: SocketAddress) -> str:
    """An address as facts tell it."""
    return address.host if address.port == PORT else str(address)


def _targets(reply: Reply) -> tuple[Name, ...]:
    return _few(rdata.target for rdata in reply.rdatas)


def _few(nameservers: Iterable[Name]) -> tuple[Name, ...]:
    """Servers rotate their answers; in one order, what is first stays first from look to look."""
    return tuple(sorted(nameservers)[:_MOST_NAMES])


def _is_further(cut: Name, zone: Name) -> bool:
    """Referrals lead down; sideways, upward or in a circle they lead nowhere."""
    return cut != zone and cut.is_subdomain(zone)
