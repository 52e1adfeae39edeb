"""Zones and what stands in them, apart from whether a hostname leads to its target."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.hostnames import registrable
from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.authority.authoritative_servers import Authorities
from dcvd.dns.checks.hostname_check import Parts
from dcvd.dns.checks.record_reader import Standing
from dcvd.dns.messages.names import below, parse, to_text
from dcvd.dns.messages.reply import Data, Reply
from dcvd.dns.messages.zone_records import zone_record
from dcvd.dns.queries.budget import Budget, Exhausted
from dcvd.dns.queries.slots import Slots
from dcvd.dns.queries.sources import Sources
from dcvd.errors import Permanent, Retryable

_KINDS: Final = (
    RdataType.CNAME,
    RdataType.A,
    RdataType.AAAA,
    RdataType.NS,
    RdataType.MX,
    RdataType.TXT,
    RdataType.CAA,
    RdataType.SRV,
)


class Zones:
    """Every call is bounded in time and in questions as a look is, takes nothing from memory, and raises Retryable
    (`dns_unavailable`) where nobody who is entitled to gives an answer."""

    def __init__(self, parts: Parts, slots: Slots, seconds: float) -> None:
        self._parts = parts
        self._slots = slots
        self._seconds = seconds

    async def apex(self, hostname: str) -> str | None:
        """The zone that a hostname (A-labels) is in; None where its domain is not registered."""
        name, above = _parsed(hostname), _parsed(registrable(hostname))
        async with self._bounded(hostname) as budget:
            while name.is_subdomain(above):
                # By its SOA; where the name itself has a CNAME, the answer would be about another name.
                reply = await self._parts.lookup.one(name, RdataType.SOA, self._parts.sources, budget)
                if not reply.answered:
                    raise _unanswered(hostname)
                if reply.zone is not None and not reply.aliases:
                    return to_text(reply.zone) if reply.zone.is_subdomain(above) else None
                name = name.parent()
        return None

    async def texts(self, name: str) -> tuple[str, ...]:
        """The TXT values at a name, also through CNAMEs; cut, and not all where there are many."""
        async with self._bounded(name) as budget:
            standing = Standing(self._parts.lookup, self._parts.sources, budget)
            found = await standing.texts(_parsed(name))
        if found.outcome != "answered":
            raise _unanswered(name)
        return found.texts

    async def records(self, hostname: str) -> list[ZoneRecord]:
        """What stands at exactly this name, of the usual types, as the zone's own servers have it now.

        What a wildcard answers for it, and would for any name beside it, is left out; not its CNAME, which leads this
        name where it says as much as one of its own would.
        """
        name = _parsed(hostname)
        async with self._bounded(hostname) as budget:
            sources = await self._sources(name, registrable(hostname), budget)
            replies = await self._replies(name, sources, budget)
            kinds = {data.rdtype for reply in replies for data in reply.rdatas}
            if not kinds:
                return []
            beside = below(self._parts.random_label(), name.parent())
            others: list[Reply] = []
            if beside is not None and RdataType.CNAME not in kinds:
                others = await self._replies(beside, sources, budget)
        synthesised = {_key(data) for reply in others for data in reply.rdatas}
        return [
            zone_record(name, data, reply.ttl)
            for reply in replies
            for data in sorted(reply.rdatas)
            if _key(data) not in synthesised
        ]

    async def _sources(self, name: Name, above: str, budget: Budget) -> Sources:
        """The usual ones, and the zone's own servers where they answer."""
        parts = self._parts
        authorities = Authorities(name, parts.asker, parts.delegations, parts.routes, budget)
        await authorities.ask(_parsed(above), parts.sources, walk=parts.config.authoritative)
        usable = [server.address for server in authorities.usable]
        if authorities.delegation is None or not usable:
            return parts.sources
        return parts.sources.with_zone(authorities.delegation.zone, usable)

    async def _replies(self, name: Name, sources: Sources, budget: Budget) -> list[Reply]:
        """One for each type; of what a CNAME leads to, nothing."""
        replies = []
        for kind in _KINDS:
            reply = await self._parts.lookup.one(name, kind, sources, budget)
            if not reply.answered:
                raise _unanswered(to_text(name))
            replies.append(reply)
            if (kind is RdataType.CNAME and reply.rdatas) or not reply.exists:
                break
        return [reply for reply in replies if not reply.aliases]

    @asynccontextmanager
    async def _bounded(self, name: str) -> AsyncIterator[Budget]:
        try:
            with self._slots.look():
                async with asyncio.timeout(self._seconds):
                    yield Budget(registrable(name), fresh=True)
        except (TimeoutError, Exhausted) as error:
            raise _unanswered(name) from error
        except ExceptionGroup as group:
            if group.split(Exhausted)[1] is not None:
                raise
            raise _unanswered(name) from group


def _key(data: Data) -> tuple[RdataType, str]:
    return data.rdtype, data.to_text()


def _parsed(text: str) -> Name:
    name = parse(text)
    if name is None:
        raise Permanent(f"{text} is no name in DNS.", code="name_unusable")
    return name


def _unanswered(name: str) -> Retryable:
    return Retryable(f"The name servers of {name} gave no answer; try again.", code="dns_unavailable")
