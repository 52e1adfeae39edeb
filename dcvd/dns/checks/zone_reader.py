"""Zones and what stands in them, apart from whether a hostname leads to its target."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.hostnames import registrable_domain
from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.authority.authoritative_servers import AuthoritativeServers
from dcvd.dns.checks.hostname_check import DnsServices
from dcvd.dns.checks.record_reader import RecordReader
from dcvd.dns.messages.names import parse_name, prepend_labels, to_text
from dcvd.dns.messages.reply import DnsReply, Rdata
from dcvd.dns.messages.zone_records import to_zone_record
from dcvd.dns.queries.budget import QueryBudget, QueryBudgetExhausted
from dcvd.dns.queries.slots import QuerySlots
from dcvd.dns.queries.sources import AnswerSources
from dcvd.errors import Permanent, Retryable

_RECORD_TYPES: Final = (
    RdataType.CNAME,
    RdataType.A,
    RdataType.AAAA,
    RdataType.NS,
    RdataType.MX,
    RdataType.TXT,
    RdataType.CAA,
    RdataType.SRV,
)


class ZoneReader:
    """Every call is bounded in time and in questions as a look is, takes nothing from memory, and raises Retryable
    (`dns_unavailable`) where nobody who is entitled to gives an answer."""

    def __init__(self, services: DnsServices, slots: QuerySlots, timeout_s: float) -> None:
        self._services = services
        self._slots = slots
        self._timeout_s = timeout_s

    async def find_apex(self, hostname: str) -> str | None:
        """The zone that a hostname (A-labels) is in; None where its domain is not registered."""
        name, above = _parse_or_refuse(hostname), _parse_or_refuse(registrable_domain(hostname))
        async with self._open_budget(hostname) as budget:
            while name.is_subdomain(above):
                # By its SOA; where the name itself has a CNAME, the answer would be about another name.
                reply = await self._services.lookup.ask(name, RdataType.SOA, self._services.sources, budget)
                if not reply.is_answered:
                    raise _build_no_answer_error(hostname)
                if reply.zone is not None and not reply.aliases:
                    return to_text(reply.zone) if reply.zone.is_subdomain(above) else None
                name = name.parent()
        return None

    async def read_texts(self, name: str) -> tuple[str, ...]:
        """The TXT values at a name, also through CNAMEs; cut, and not all where there are many."""
        async with self._open_budget(name) as budget:
            standing = RecordReader(self._services.lookup, self._services.sources, budget)
            found = await standing.read_texts(_parse_or_refuse(name))
        if found.outcome != "answered":
            raise _build_no_answer_error(name)
        return found.texts

    async def read_records(self, hostname: str) -> list[ZoneRecord]:
        """What stands at exactly this name, of the usual types, as the zone's own servers have it now.

        What a wildcard answers for it, and would for any name beside it, is left out; not its CNAME, which leads this
        name where it says as much as one of its own would.
        """
        name = _parse_or_refuse(hostname)
        async with self._open_budget(hostname) as budget:
            sources = await self._find_sources(name, registrable_domain(hostname), budget)
            replies = await self._ask_each_type(name, sources, budget)
            kinds = {data.rdtype for reply in replies for data in reply.rdatas}
            if not kinds:
                return []
            beside = prepend_labels(self._services.make_random_label(), name.parent())
            others: list[DnsReply] = []
            if beside is not None and RdataType.CNAME not in kinds:
                others = await self._ask_each_type(beside, sources, budget)
        synthesised = {_get_identity(data) for reply in others for data in reply.rdatas}
        return [
            to_zone_record(name, data, reply.ttl)
            for reply in replies
            for data in sorted(reply.rdatas)
            if _get_identity(data) not in synthesised
        ]

    async def _find_sources(self, name: Name, registrable_name: str, budget: QueryBudget) -> AnswerSources:
        """The usual ones, and the zone's own servers where they answer."""
        parts = self._services
        authorities = AuthoritativeServers(name, parts.client, parts.delegation_finder, parts.reachability, budget)
        await authorities.ask(
            _parse_or_refuse(registrable_name), parts.sources, follow_delegation=parts.config.authoritative
        )
        usable = [server.address for server in authorities.answering_servers]
        if authorities.delegation is None or not usable:
            return parts.sources
        return parts.sources.with_zone(authorities.delegation.zone, usable)

    async def _ask_each_type(self, name: Name, sources: AnswerSources, budget: QueryBudget) -> list[DnsReply]:
        """One for each type; of what a CNAME leads to, nothing."""
        replies = []
        for kind in _RECORD_TYPES:
            reply = await self._services.lookup.ask(name, kind, sources, budget)
            if not reply.is_answered:
                raise _build_no_answer_error(to_text(name))
            replies.append(reply)
            if (kind is RdataType.CNAME and reply.rdatas) or not reply.exists:
                break
        return [reply for reply in replies if not reply.aliases]

    @asynccontextmanager
    async def _open_budget(self, name: str) -> AsyncIterator[QueryBudget]:
        try:
            with self._slots.track_check():
                async with asyncio.timeout(self._timeout_s):
                    yield QueryBudget(registrable_domain(name), bypass_cache=True)
        except (TimeoutError, QueryBudgetExhausted) as error:
            raise _build_no_answer_error(name) from error
        except ExceptionGroup as group:
            if group.split(QueryBudgetExhausted)[1] is not None:
                raise
            raise _build_no_answer_error(name) from group


def _get_identity(rdata: Rdata) -> tuple[RdataType, str]:
    return rdata.rdtype, rdata.to_text()


def _parse_or_refuse(text: str) -> Name:
    name = parse_name(text)
    if name is None:
        raise Permanent(f"{text} is no name in DNS.", code="name_unusable")
    return name


def _build_no_answer_error(name: str) -> Retryable:
    return Retryable(f"The name servers of {name} gave no answer; try again.", code="dns_unavailable")
