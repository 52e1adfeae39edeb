"""Read zones and their records, whether or not a hostname leads to its target."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.records.zone_use import HostAddresses, PublicZone
from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.authority.authoritative_servers import AuthoritativeServers
from dcvd.dns.checks.hostname_check import DnsServices
from dcvd.dns.checks.record_reader import read_texts
from dcvd.dns.checks.zone_position import ZonePosition
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import parse_name, prepend_labels, to_text
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.messages.zone_records import to_zone_record
from dcvd.dns.queries.budget import QueryBudgetExhausted
from dcvd.dns.queries.lookup import RecordLookup
from dcvd.dns.queries.slots import QuerySlots
from dcvd.errors import OwnLimitReached, Permanent, Retryable

_ADDRESS_TYPES: Final = (RdataType.A, RdataType.AAAA)
_MAX_HOSTS: Final = 13
_RECORD_TYPES: Final = (
    RdataType.CNAME, RdataType.A, RdataType.AAAA, RdataType.NS, RdataType.MX, RdataType.TXT, RdataType.CAA,
    RdataType.SRV,
)  # fmt: skip


class ZoneReader:
    """Reads zones and records in DNS as they are now, within the limits of a check in time and queries.

    Every method raises Retryable (`dns_unavailable`) when no server that is entitled to answer does, but for
    `read_addresses`, which raises only what limits of our own raise.
    """

    def __init__(self, services: DnsServices, slots: QuerySlots, timeout_s: float) -> None:
        self._services = services
        self._slots = slots
        self._timeout_s = timeout_s

    async def find_apex(self, hostname: str) -> str | None:
        """Find the zone that a hostname (A-labels) is in; None when its domain is not registered."""
        name, registrable_name = _parse_or_refuse(hostname), _parse_or_refuse(registrable_domain(hostname))
        async with self._open_lookup(hostname) as lookup:
            while name.is_subdomain(registrable_name):
                # The SOA shows the zone; where the name has a CNAME, the answer would be about another name.
                reply = await lookup.ask(name, RdataType.SOA)
                if not reply.is_answered:
                    raise _build_no_answer_error(hostname)
                if reply.zone is not None and not reply.aliases:
                    return to_text(reply.zone) if reply.zone.is_subdomain(registrable_name) else None
                name = name.parent()
        return None

    async def read_texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT values at a name, also through CNAMEs; long ones are cut, and their number is limited."""
        async with self._open_lookup(name) as lookup:
            result = await read_texts(lookup, _parse_or_refuse(name))
        if result.outcome != "answered":
            raise _build_no_answer_error(name)
        return result.texts

    async def find_public_zone(self, hostname: str) -> PublicZone:
        """Find the zone that DNS leads to for a hostname, with its name servers."""
        name, registrable_name = _parse_or_refuse(hostname), _parse_or_refuse(registrable_domain(hostname))
        async with self._open_lookup(hostname) as lookup:
            authorities = AuthoritativeServers(name, lookup, self._services.reachability)
            await authorities.ask(registrable_name, follow_delegation=self._services.config.authoritative)
            delegation = authorities.delegation
            if delegation is not None and delegation.is_registered is False:
                return PublicZone(name=None)
            answer = authorities.authoritative_answer or await lookup.ask(name, RdataType.CNAME)
            if not answer.is_answered:
                if delegation is None or not delegation.nameservers:
                    raise _build_no_answer_error(hostname)
                nameservers = tuple(to_text(nameserver) for nameserver in delegation.nameservers)
                return PublicZone(name=to_text(delegation.zone), nameservers=nameservers, is_answered=False)
            position = ZonePosition(name, registrable_name, delegation, answer)
            await position.find(lookup)
            if position.zone is None or position.is_registered is False:
                return PublicZone(name=None)
            own = await authorities.extend_lookup().ask(position.zone, RdataType.NS)
        names = [*sorted(position.nameservers), *sorted(rdata.target for rdata in own.rdatas)]
        return PublicZone(
            name=to_text(position.zone), nameservers=tuple(dict.fromkeys(to_text(nameserver) for nameserver in names))
        )

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        """Return the addresses of hosts, all of them together; of those that nobody answers for, their names."""
        addresses: set[str] = set()
        unanswered: list[str] = []
        for name in names[:_MAX_HOSTS]:
            try:
                async with self._open_lookup(name) as lookup:
                    replies = [await lookup.ask(_parse_or_refuse(name), rdtype) for rdtype in _ADDRESS_TYPES]
            except OwnLimitReached:
                raise
            except Retryable:
                unanswered.append(name)
                continue
            if not all(reply.is_answered for reply in replies):
                unanswered.append(name)
            addresses |= {rdata.address for reply in replies for rdata in reply.rdatas}
        return HostAddresses(found=frozenset(addresses), unanswered=tuple(unanswered))

    async def read_nameservers(self, zone: str) -> tuple[str, ...]:
        """Return the names of the zone's servers as resolvers use them, sorted."""
        async with self._open_lookup(zone) as lookup:
            reply = await lookup.ask(_parse_or_refuse(zone), RdataType.NS)
        if not reply.is_answered:
            raise _build_no_answer_error(zone)
        return tuple(sorted(to_text(rdata.target) for rdata in reply.rdatas))

    async def read_records(self, hostname: str) -> list[ZoneRecord]:
        """Return the records of the usual types at exactly this name, as the zone's own servers have them now.

        What a wildcard answers is left out, also its CNAME: it is no record of this name, and answers no longer once
        there is one at it or below it. Where a record of its own says the same as a wildcard, a random name below it
        tells them apart (RFC 4592 section 2.2.1).
        """
        name = _parse_or_refuse(hostname)
        async with self._open_lookup(hostname) as lookup:
            authorities = AuthoritativeServers(name, lookup, self._services.reachability)
            await authorities.ask(
                _parse_or_refuse(registrable_domain(hostname)), follow_delegation=self._services.config.authoritative
            )
            lookup = authorities.extend_lookup()
            replies = await _ask_each_type(name, lookup)
            rdtypes = {rdata.rdtype for reply in replies for rdata in reply.rdatas}
            if not rdtypes:
                return []
            synthesised = await self._read_random_name(name.parent(), lookup)
            if synthesised:
                synthesised &= await self._read_random_name(name, lookup)
        return [
            to_zone_record(name, rdata, reply.ttl)
            for reply in replies
            for rdata in sorted(reply.rdatas)
            if _get_identity(rdata) not in synthesised
        ]

    async def _read_random_name(self, parent: Name, lookup: RecordLookup) -> set[tuple[RdataType, str]]:
        """Return what is answered for a random name below another, which only a wildcard can be."""
        name = prepend_labels(self._services.make_random_label(), parent)
        replies = [] if name is None else await _ask_each_type(name, lookup)
        return {_get_identity(rdata) for reply in replies for rdata in reply.rdatas}

    @asynccontextmanager
    async def _open_lookup(self, name: str) -> AsyncIterator[RecordLookup]:
        try:
            with self._slots.track_check():
                async with asyncio.timeout(self._timeout_s):
                    yield self._services.create_lookup(registrable_domain(name), bypass_cache=True)
        except (TimeoutError, QueryBudgetExhausted) as error:
            raise _build_no_answer_error(name) from error
        except ExceptionGroup as group:
            if group.split(OwnLimitReached)[0] is not None:
                raise OwnLimitReached(f"The name servers of {name} could not be asked; try again.") from group
            if group.split(QueryBudgetExhausted)[1] is not None:
                raise
            raise _build_no_answer_error(name) from group


async def _ask_each_type(name: Name, lookup: RecordLookup) -> list[DnsReply]:
    """Return one reply for each type, leaving out replies about the name that a CNAME leads to."""
    replies = []
    for rdtype in _RECORD_TYPES:
        reply = await lookup.ask(name, rdtype)
        if not reply.is_answered:
            raise _build_no_answer_error(to_text(name))
        replies.append(reply)
        if (rdtype is RdataType.CNAME and reply.rdatas) or not reply.exists:
            break
    return [reply for reply in replies if not reply.aliases]


def _get_identity(rdata: Rdata) -> tuple[RdataType, str]:
    return rdata.rdtype, rdata.to_text()


def _parse_or_refuse(text: str) -> Name:
    name = parse_name(text)
    if name is None:
        raise Permanent(f"{text} is no name in DNS.", code="name_unusable")
    return name


def _build_no_answer_error(name: str) -> Retryable:
    return Retryable(f"The name servers of {name} gave no answer; try again.", code="dns_unavailable")
