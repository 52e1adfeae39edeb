"""What each server of a hostname's zone answers about its CNAME; referrals to zones further down are followed."""

import asyncio
from collections.abc import Sequence
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec.structs import replace

from dcvd.core.dns.facts import ServerAnswer
from dcvd.dns.authority.delegation import (
    MAX_SERVERS,
    DelegationFinder,
    NameServer,
    ZoneDelegation,
    format_address,
    is_below_zone,
    select_one_address_each,
    stub_delegation,
)
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply, Referral
from dcvd.dns.queries.lookup import RecordLookup
from dcvd.dns.queries.reachability import Reachability

_MAX_ZONE_CUTS: Final = 5


class AuthoritativeServers:
    """The replies of a zone's servers in one check, filled in as they arrive; they can be read at any time.

    The first server of a routine check is asked for the CAA of the hostname: where a CNAME stands, the answer shows it
    too, and the check needs both.

    delegation: the deepest zone that was reached so far; None when delegations are not followed.
    """

    def __init__(self, name: Name, lookup: RecordLookup, reachability: Reachability) -> None:
        self._query = DnsQuery(name, RdataType.CNAME, recurse=False)
        self._lookup = lookup
        self._delegation_finder = DelegationFinder(lookup, reachability)
        self._reachability = reachability
        self._servers: Sequence[NameServer] = ()
        self._replies: list[DnsReply | None] = []
        self._serials: dict[NameServer, int] = {}
        self._own_answers: list[ServerAnswer] = []
        self._is_stub_zone = False
        self.delegation: ZoneDelegation | None = None
        self._caa_reply: DnsReply | None = None

    async def ask(self, registrable_name: Name, *, follow_delegation: bool) -> None:
        """Find the servers and ask them all. `follow_delegation`: do so also where no stub zone holds the name."""
        stub = self._lookup.sources.find_stub(self._query.name)
        if stub is not None:
            self._is_stub_zone = True
            self.delegation = stub_delegation(stub)
        elif follow_delegation:
            self.delegation = await self._delegation_finder.find_for_registrable(registrable_name)
        for _ in range(_MAX_ZONE_CUTS):
            if self.delegation is None:
                return
            await self._ask_all(self.delegation)
            referral = self._find_referral(self.delegation.zone)
            if self.authoritative_answer is not None or referral is None:
                return
            self._is_stub_zone = False
            self.delegation = await self._delegation_finder.follow_referral(referral, self.delegation.zone)

    async def ask_serials(self, zone: Name) -> None:
        """Ask every server that has authority for the SOA of the zone, to learn its serial."""
        query = DnsQuery(zone, RdataType.SOA, recurse=False)

        async def ask(server: NameServer) -> None:
            reply = await self._lookup.client.ask(query, server.address, self._lookup.budget, tries=1)
            if reply.serial is not None and reply.zone == zone:
                self._serials[server] = reply.serial

        async with asyncio.TaskGroup() as group:
            for server in self.answering_servers:
                group.create_task(ask(server), name="dns.serial")

    async def ask_own_servers(self, nameservers: Sequence[Name]) -> None:
        """Ask the servers that the zone itself names and its parent does not: resolvers ask these (RFC 2181 §5.4.1)."""
        if self.delegation is None or not self.delegation.nameservers:
            return
        others = [name for name in nameservers if name not in self.delegation.nameservers][:MAX_SERVERS]
        servers, unresolved = await self._delegation_finder.resolve_servers(others, {})
        self._own_answers = [
            ServerAnswer(name=to_text(name), address="no address", outcome="unreachable") for name in unresolved
        ]

        async def ask(server: NameServer) -> None:
            reply = await self._lookup.client.ask(self._query, server.address, self._lookup.budget, tries=1)
            self._own_answers.append(_to_server_answer(server, reply, None))

        async with asyncio.TaskGroup() as group:
            for server in select_one_address_each(servers):
                group.create_task(ask(server), name="dns.own_server")

    @property
    def own_answers(self) -> tuple[ServerAnswer, ...]:
        """The answers of the servers that the zone itself names and its parent does not."""
        return tuple(sorted(self._own_answers, key=lambda answer: answer.name))

    @property
    def authoritative_answer(self) -> DnsReply | None:
        """The reply of the first server that answered with authority."""
        return next((reply for reply in self._replies if reply is not None and reply.is_answered), None)

    @property
    def caa_reply(self) -> DnsReply | None:
        """The answer about the CAA of the hostname, from a server that answers for its CNAME too; None in most checks
        that are no routine.
        """
        if self._caa_reply is None or not self._caa_reply.is_answered:
            return None
        return self._caa_reply if self._replies[0] is not None and self._replies[0].is_answered else None

    @property
    def answering_servers(self) -> list[NameServer]:
        """The servers that answered with authority."""
        pairs = zip(self._servers, self._replies, strict=True)
        return [server for server, reply in pairs if reply is not None and reply.is_answered]

    @property
    def unresolved_nameservers(self) -> tuple[str, ...]:
        """The zone's name servers that have no address in DNS."""
        return () if self.delegation is None else tuple(to_text(name) for name in self.delegation.unresolved)

    def extend_lookup(self) -> RecordLookup:
        """Return the lookup of the check, with the zone's own servers among its sources where they answer."""
        addresses = [server.address for server in self.answering_servers]
        if self.delegation is None or not addresses:
            return self._lookup
        return replace(self._lookup, sources=self._lookup.sources.with_zone(self.delegation.zone, addresses))

    def to_facts(self, timeout_s: float) -> tuple[ServerAnswer, ...]:
        """The answer of each server so far. One that has been silent for `timeout_s` seconds counts as a timeout.

        Left out are servers that were not asked or were asked just now, and silent ones that only IPv6 reaches, if IPv6
        may not work from here.
        """
        answers = []
        for server, reply in zip(self._servers, self._replies, strict=True):
            if reply is None:
                if self._lookup.budget.time_since_query_s(server.address) < timeout_s:
                    continue
                reply = DnsReply(outcome="timeout")
            is_silent = reply.outcome in ("timeout", "unreachable")
            if is_silent and not self._is_stub_zone and not self._reachability.may_report_timeout(server.address):
                continue
            answers.append(_to_server_answer(server, reply, self._serials.get(server)))
        return tuple(answers)

    async def _ask_all(self, delegation: ZoneDelegation) -> None:
        bypass_cache = self._lookup.budget.bypass_cache
        servers = delegation.servers if bypass_cache else select_one_address_each(delegation.servers)
        self._servers = servers[:MAX_SERVERS]
        self._replies = [None] * len(self._servers)
        self._caa_reply = None
        async with asyncio.TaskGroup() as group:
            for index, server in enumerate(self._servers[1:], 1):
                group.create_task(self._ask_one(index, server), name="dns.authority")
            if self._servers and bypass_cache:
                await self._ask_one(0, self._servers[0])
            elif self._servers:
                await self._ask_with_caa(0, self._servers[0], delegation.zone)

    async def _ask_one(self, index: int, server: NameServer) -> None:
        self._replies[index] = await self._lookup.client.ask(self._query, server.address, self._lookup.budget)

    async def _ask_with_caa(self, index: int, server: NameServer, zone: Name) -> None:
        """Ask for the CAA, and for the CNAME too where the answer shows none.

        Servers that do not know CAA refer the question to themselves or to the root, and know the CNAME all the same.
        """
        reply = await self._lookup.client.ask_caa(self._query.name, server.address, self._lookup.budget, recurse=False)
        if reply.referral is not None and is_below_zone(reply.referral.zone_cut, zone):
            self._replies[index] = reply
        elif reply.cname_reply is not None:
            self._replies[index] = reply.cname_reply
        else:
            await self._ask_one(index, server)
        self._caa_reply = reply

    def _find_referral(self, zone: Name) -> Referral | None:
        """Find the first referral to a zone below."""
        referrals = (reply.referral for reply in self._replies if reply is not None and reply.referral is not None)
        return next((referral for referral in referrals if is_below_zone(referral.zone_cut, zone)), None)


def _to_server_answer(server: NameServer, reply: DnsReply, serial: int | None) -> ServerAnswer:
    return ServerAnswer(
        name=server.name,
        address=format_address(server.address),
        outcome=reply.outcome,
        exists=reply.exists,
        cname=to_text(reply.rdatas[0].target) if reply.rdatas else None,
        ttl=reply.ttl if reply.is_answered else None,
        serial=reply.serial if serial is None else serial,
    )
