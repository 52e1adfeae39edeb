"""One check of one hostname: which questions are asked, and in which order."""

import asyncio
from collections.abc import Callable

import msgspec
from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.config import DnsConfig
from dcvd.core.dns.facts import DnsCheckRequest, DnsObservation, OtherNameAnswer
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.domains.claims import PROOF_LABEL
from dcvd.core.domains.domain import CHALLENGE_LABEL
from dcvd.core.instants import to_seconds
from dcvd.dns.authority.authoritative_servers import AuthoritativeServers
from dcvd.dns.checks.caa import CaaClimb
from dcvd.dns.checks.challenge_reader import read_challenge
from dcvd.dns.checks.check_result import CheckResult
from dcvd.dns.checks.cname_chain import CnameChain
from dcvd.dns.checks.keys import has_matching_key
from dcvd.dns.checks.record_reader import (
    follow_other_name,
    read_addresses,
    read_other_name,
    read_records,
    read_texts,
)
from dcvd.dns.checks.resolvers import ConfiguredResolvers
from dcvd.dns.checks.zone_position import ZonePosition
from dcvd.dns.messages.names import parse_name, prepend_labels, to_text
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.cache import ReplyCache
from dcvd.dns.queries.client import DnsClient
from dcvd.dns.queries.lookup import RecordLookup
from dcvd.dns.queries.query_log import QueryLog
from dcvd.dns.queries.reachability import Reachability
from dcvd.dns.queries.sources import AnswerSources


class DnsServices(msgspec.Struct, frozen=True, kw_only=True):
    """The services that all checks share.

    make_random_label: makes a label that nobody has in their zone. max_queries: the most that one check may send.
    """

    config: DnsConfig
    client: DnsClient
    cache: ReplyCache
    reachability: Reachability
    sources: AnswerSources
    make_random_label: Callable[[], str]
    max_queries: int

    def create_lookup(self, zone: str, *, bypass_cache: bool, log: QueryLog | None = None) -> RecordLookup:
        """Create the lookup of one check; see `QueryBudget`."""
        budget = QueryBudget(zone, bypass_cache=bypass_cache, max_queries=self.max_queries, log=log)
        return RecordLookup(self.client, self.cache, self.sources, budget)


class HostnameCheck:
    """One check of a hostname. `run` asks the questions; `to_observation` may be called at any time."""

    def __init__(self, request: DnsCheckRequest, name: Name, target: Name, services: DnsServices) -> None:
        registrable_name = registrable_domain(request.hostname)
        self._request = request
        self._name = name
        self._target = target
        self._registrable_name = parse_name(registrable_name) or name
        self._services = services
        self._log = QueryLog() if request.is_explained else None
        self._base_lookup = self._lookup = services.create_lookup(
            registrable_name, bypass_cache=request.is_thorough, log=self._log
        )
        self._result = CheckResult(
            request,
            AuthoritativeServers(name, self._lookup, services.reachability),
            ConfiguredResolvers(name, self._lookup),
            CnameChain(name, target),
        )

    async def run(self) -> None:
        """Ask all questions. Raises QueryBudgetExhausted, in exception groups, when the check becomes too expensive."""
        result = self._result
        async with asyncio.TaskGroup() as group:
            resolvers_task = group.create_task(self._ask_resolvers(), name="dns.resolvers")
            await result.authorities.ask(self._registrable_name, follow_delegation=self._services.config.authoritative)
            if result.authorities.authoritative_answer is None:
                await resolvers_task
            result.accepted_answer = (
                result.authorities.authoritative_answer or self._find_denial() or result.resolvers.resolver_answer
            )
            if result.accepted_answer is not None:
                await self._ask_details(result.accepted_answer, resolvers_task)

    def to_observation(self) -> DnsObservation:
        """What is known so far."""
        self._result.accept_partial_answers()
        facts = self._result.to_facts(to_seconds(self._services.config.timeout))
        return DnsObservation(facts, () if self._log is None else self._log.queries)

    async def _ask_resolvers(self) -> None:
        if self._request.is_thorough:
            await self._result.resolvers.ask_all()
            return
        asks_authorities = self._services.config.authoritative or self._lookup.sources.find_stub(self._name) is not None
        await self._result.resolvers.ask_one(with_caa=not asks_authorities)

    def _find_denial(self) -> DnsReply | None:
        """Return the reply about a hostname whose domain does not exist, because the parent zone denies it."""
        delegation = self._result.authorities.delegation
        if delegation is None or delegation.is_registered is not False:
            return None
        return DnsReply(outcome="answered", zone=delegation.zone)

    async def _ask_details(self, accepted_answer: DnsReply, resolvers_task: "asyncio.Task[None]") -> None:
        result = self._result
        delegation = result.authorities.delegation
        result.zone_position = ZonePosition(self._name, self._registrable_name, delegation, accepted_answer)
        self._lookup = result.authorities.extend_lookup()
        await result.chain.follow(accepted_answer, self._lookup)
        if not result.chain.names and accepted_answer.exists:
            await self._check_addresses()
        asks_everything = self._request.is_thorough or not result.reaches_target
        async with asyncio.TaskGroup() as group:
            if self._request.with_challenge or self._request.is_thorough:
                group.create_task(self._check_challenge(), name="dns.challenge")
            if self._request.with_proof:
                group.create_task(self._check_proof(), name="dns.proof")
            if self._request.with_names_below:
                group.create_task(self._check_names_below(), name="dns.below")
            if asks_everything:
                group.create_task(self._check_zone(result.zone_position), name="dns.place")
                group.create_task(self._check_records(), name="dns.records")
                if result.chain.names:
                    group.create_task(self._check_addresses(), name="dns.addresses")
            asks_resolvers = asks_everything or not (
                resolvers_task.done() and result.resolvers.has_same_answer(accepted_answer)
            )
            if asks_resolvers:
                # Some servers are silent about CAA, and the resolvers are not to wait for them.
                group.create_task(self._check_caa(), name="dns.caa")
                await resolvers_task
            else:
                await self._check_caa()
            if asks_everything or not result.resolvers.has_same_answer(accepted_answer):
                await result.resolvers.ask_all()
        if result.reaches_target and result.authorities.authoritative_answer is not None:
            zone = self._registrable_name if delegation is None else delegation.zone
            if await result.resolvers.ask_nameservers(zone, accepted_answer) and not result.own_nameservers:
                await self._read_own_nameservers(zone)

    async def _read_own_nameservers(self, zone: Name) -> list[Name]:
        names = sorted(rdata.target for rdata in (await self._lookup.ask(zone, RdataType.NS)).rdatas)
        self._result.own_nameservers = tuple(to_text(name) for name in names)
        return names

    async def _check_addresses(self) -> None:
        async with asyncio.TaskGroup() as group:
            own_task = group.create_task(read_addresses(self._lookup, self._name), name="dns.addresses_here")
            target_task = group.create_task(read_addresses(self._lookup, self._target), name="dns.addresses_of_target")
        self._result.addresses, is_complete = own_task.result()
        self._result.target_addresses, is_target_complete = target_task.result()
        self._result.has_all_addresses = is_complete and is_target_complete

    async def _check_caa(self) -> None:
        chain = self._result.chain
        authorities = self._result.authorities
        answering = self._result.resolvers if authorities.authoritative_answer is None else authorities
        self._result.caa_climb = CaaClimb(self._name, self._lookup, answering.caa_reply)
        await self._result.caa_climb.climb()
        if chain.names and chain.is_complete and not chain.has_loop:
            self._result.target_caa_climb = CaaClimb(chain.end, self._lookup)
            await self._result.target_caa_climb.climb()

    async def _check_challenge(self) -> None:
        name = prepend_labels(CHALLENGE_LABEL, self._name)
        if name is None:
            return
        position, target = self._result.zone_position, self._request.challenge_target
        zone = self._registrable_name if position is None or position.zone is None else position.zone
        self._result.challenge = await read_challenge(
            self._lookup,
            name,
            target=None if target is None else parse_name(target),
            doubled_name=prepend_labels(f"{CHALLENGE_LABEL}.{self._request.hostname}", zone),
            sibling_name=prepend_labels(self._services.make_random_label(), self._name),
        )
        seen = self._result.challenge
        is_missing = not seen.texts and (not seen.chain or seen.chain[0] == self._request.target)
        asks_everything = self._request.is_thorough or not self._result.reaches_target
        if is_missing and not asks_everything and self._name not in (zone, self._registrable_name):
            # To create it would take a name away from a wildcard that answers for it (RFC 4592 section 2.2.2).
            await self._check_wildcard()

    async def _check_proof(self) -> None:
        name = prepend_labels(PROOF_LABEL, self._name)
        if name is not None:
            self._result.proof_texts = (await read_texts(self._lookup, name)).texts

    async def _check_records(self) -> None:
        self._result.other_records = await read_records(self._lookup, self._name)

    async def _check_zone(self, zone_position: ZonePosition) -> None:
        await zone_position.find(self._base_lookup)
        if zone_position.zone is None or zone_position.is_registered is False:
            return
        await self._result.authorities.ask_serials(zone_position.zone)
        authorities = self._result.authorities
        if authorities.delegation is not None and authorities.authoritative_answer is not None:
            own_nameservers = await self._read_own_nameservers(authorities.delegation.zone)
            await authorities.ask_own_servers(own_nameservers)
        if zone_position.ds_records:
            keys = await self._lookup.ask(zone_position.zone, RdataType.DNSKEY)
            self._result.has_matching_key = has_matching_key(zone_position.zone, zone_position.ds_records, keys)
        doubled = prepend_labels(self._request.hostname, zone_position.zone)
        if doubled is not None:
            self._result.doubled_answer = await read_other_name(self._lookup, doubled)
            if (
                self._result.doubled_answer is not None
                and self._result.doubled_answer.exists
                and self._name.parent() != zone_position.zone
            ):
                doubled_sibling = prepend_labels(self._services.make_random_label(), zone_position.zone)
                self._result.doubled_sibling_answer = (
                    None if doubled_sibling is None else await read_other_name(self._lookup, doubled_sibling)
                )
        if self._name not in (zone_position.zone, self._registrable_name):
            await self._check_wildcard()

    async def _check_wildcard(self) -> None:
        """Find out whether a wildcard answers beside the hostname, and for it."""
        sibling = await self._read_random_name(self._name.parent())
        self._result.sibling_answer = sibling
        has_data = sibling is not None and (sibling.cname is not None or sibling.addresses)
        if has_data and not self._request.with_names_below:
            self._result.below_answer = await self._read_random_name(self._name)

    async def _check_names_below(self) -> None:
        name = prepend_labels(self._services.make_random_label(), self._name)
        self._result.below_answer = None if name is None else await follow_other_name(self._lookup, name)

    async def _read_random_name(self, parent: Name) -> OtherNameAnswer | None:
        name = prepend_labels(self._services.make_random_label(), parent)
        return None if name is None else await read_other_name(self._lookup, name)
