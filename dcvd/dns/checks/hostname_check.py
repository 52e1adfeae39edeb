"""One look at one hostname: what is asked, and in which order."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from dns.name import Name

from dcvd.config import Dns
from dcvd.core.domains.dns_facts import DnsFacts, DnsQuestion
from dcvd.core.domains.hostnames import registrable
from dcvd.dns.authority.authoritative_servers import Authorities
from dcvd.dns.authority.delegation import Delegations
from dcvd.dns.checks.caa import Climb
from dcvd.dns.checks.check_result import Seen, denied
from dcvd.dns.checks.cname_chain import Chain
from dcvd.dns.checks.record_reader import Standing
from dcvd.dns.checks.resolvers import Resolvers
from dcvd.dns.checks.zone_position import Place
from dcvd.dns.messages.names import below, parse
from dcvd.dns.messages.reply import Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.client import Asker
from dcvd.dns.queries.lookup import Lookup
from dcvd.dns.queries.reachability import Routes
from dcvd.dns.queries.sources import Sources

_CHALLENGE: Final = "_acme-challenge"
_OWNERSHIP: Final = "_cf-custom-hostname"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What all looks share. random_label: a label that nobody has in their zone."""

    config: Dns
    asker: Asker
    lookup: Lookup
    delegations: Delegations
    routes: Routes
    sources: Sources
    random_label: Callable[[], str]


class Look:
    """`run` asks; `facts` can be taken at any time, and tells what was seen until then."""

    def __init__(self, question: DnsQuestion, name: Name, target: Name, parts: Parts) -> None:
        above = registrable(question.hostname)
        self._question = question
        self._name = name
        self._target = target
        self._registrable = parse(above) or name
        self._parts = parts
        self._lookup = parts.lookup
        self._sources = parts.sources
        self._budget = Budget(above, fresh=question.thorough)
        self._seen = Seen(
            question,
            Authorities(name, parts.asker, parts.delegations, parts.routes, self._budget),
            Resolvers(name, parts.config.resolvers, parts.asker, self._budget),
            Chain(name, target),
        )

    async def run(self) -> None:
        """Ask. Raises Exhausted, in groups, when the look becomes too expensive."""
        seen = self._seen
        async with asyncio.TaskGroup() as group:
            ask = seen.resolvers.ask_all if self._question.thorough else seen.resolvers.ask_one
            resolved = group.create_task(ask(), name="dns.resolvers")
            await seen.authorities.ask(self._registrable, self._sources, walk=self._parts.config.authoritative)
            if seen.authorities.truth is None:
                await resolved
            seen.truth = seen.authorities.truth or self._denied() or seen.resolvers.truth
            if seen.truth is not None:
                await self._explore(seen.truth, resolved)

    def facts(self) -> DnsFacts:
        """What has been seen up to now."""
        self._seen.settle()
        return self._seen.facts(self._parts.config.timeout / 1000)

    def _denied(self) -> Reply | None:
        delegation = self._seen.authorities.delegation
        return denied(delegation.zone) if delegation is not None and delegation.registered is False else None

    async def _explore(self, truth: Reply, resolved: "asyncio.Task[None]") -> None:
        seen = self._seen
        delegation = seen.authorities.delegation
        seen.place = Place(self._name, self._registrable, delegation, truth)
        usable = [server.address for server in seen.authorities.usable]
        if delegation is not None and usable:
            self._sources = self._sources.with_zone(delegation.zone, usable)
        await seen.chain.follow(truth, self._lookup, self._sources, self._budget)
        standing = Standing(self._lookup, self._sources, self._budget)
        if not seen.chain.names and truth.exists:
            await self._see_addresses(standing)
        everything = self._question.thorough or not seen.is_right
        async with asyncio.TaskGroup() as group:
            group.create_task(self._see_caa(), name="dns.caa")
            if self._question.challenge or self._question.thorough:
                group.create_task(self._see_challenge(standing), name="dns.challenge")
            if everything:
                group.create_task(self._see_place(standing, seen.place), name="dns.place")
                group.create_task(self._see_records(standing), name="dns.records")
                group.create_task(self._see_ownership(standing), name="dns.ownership")
                if seen.chain.names:
                    group.create_task(self._see_addresses(standing), name="dns.addresses")
            await resolved
            if everything or not seen.resolvers.agree(truth):
                await seen.resolvers.ask_all()

    async def _see_addresses(self, standing: Standing) -> None:
        async with asyncio.TaskGroup() as group:
            here = group.create_task(standing.addresses(self._name), name="dns.addresses_here")
            there = group.create_task(standing.addresses(self._target), name="dns.addresses_of_target")
        self._seen.addresses, known = here.result()
        self._seen.target_addresses, target_known = there.result()
        self._seen.addresses_known = known and target_known

    async def _see_caa(self) -> None:
        chain = self._seen.chain
        self._seen.climb = Climb(self._name, self._lookup, self._sources, self._budget)
        await self._seen.climb.climb()
        if chain.names and chain.complete and not chain.looped:
            self._seen.target_climb = Climb(chain.end, self._lookup, self._sources, self._budget)
            await self._seen.target_climb.climb()

    async def _see_challenge(self, standing: Standing) -> None:
        name = below(_CHALLENGE, self._name)
        if name is not None:
            self._seen.challenge = await standing.texts(name)

    async def _see_ownership(self, standing: Standing) -> None:
        name = below(_OWNERSHIP, self._name)
        if name is not None:
            self._seen.ownership = (await standing.texts(name)).texts

    async def _see_records(self, standing: Standing) -> None:
        self._seen.records = await standing.records(self._name)

    async def _see_place(self, standing: Standing, place: Place) -> None:
        await place.find(self._lookup, self._parts.sources, self._budget)
        if place.zone is None or place.registered is False:
            return
        await self._seen.authorities.ask_serials(place.zone)
        doubled = below(self._question.hostname, place.zone)
        if doubled is not None:
            self._seen.doubled = await standing.elsewhere(doubled)
            if self._seen.doubled is not None and self._seen.doubled.exists and self._name.parent() != place.zone:
                beside = below(self._parts.random_label(), place.zone)
                self._seen.doubled_sibling = None if beside is None else await standing.elsewhere(beside)
        if self._name not in (place.zone, self._registrable):
            sibling = below(self._parts.random_label(), self._name.parent())
            if sibling is not None:
                self._seen.sibling = await standing.elsewhere(sibling)
