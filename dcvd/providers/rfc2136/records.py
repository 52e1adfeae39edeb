"""Reading and changing the records of one zone by RFC 2136."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rrset import RRset
from dns.update import UpdateMessage

from dcvd.core.connections.credentials import TsigKey
from dcvd.core.domains.hostnames import is_within
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, RemoteError, Retryable
from dcvd.providers.rfc2136.key import build_key, parse_name
from dcvd.providers.rfc2136.rdatas import is_exclusive, to_rdata, to_records
from dcvd.providers.rfc2136.server import SignedStream, UpdateServers, connect

TTL: Final = 300
_TIMEOUT_S: Final = 10.0
"""For a whole call, the name's lookup included."""
_MOST_RECORDS: Final = 100
"""At one name."""
_QUERIED_TYPES: Final = (
    RdataType.CNAME,
    RdataType.A,
    RdataType.AAAA,
    RdataType.NS,
    RdataType.MX,
    RdataType.TXT,
    RdataType.CAA,
    RdataType.SRV,
    RdataType.HTTPS,
    RdataType.SVCB,
    RdataType.DS,
    RdataType.DNAME,
    RdataType.PTR,
    RdataType.NAPTR,
    RdataType.TLSA,
    RdataType.SSHFP,
    RdataType.URI,
    RdataType.LOC,
    RdataType.HINFO,
)
"""One by one, since ANY may be answered with anything (RFC 8482)."""
_CONFLICT_RCODES: Final = frozenset({dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.NXRRSET})


class Rfc2136Records:
    """Of the one zone that the credentials name. Its server's address is a tenant's choice and judged at each call."""

    def __init__(self, tsig: TsigKey, servers: UpdateServers) -> None:
        """Raises InvalidInput naming the field of the credentials that cannot be used."""
        build_key(tsig)
        self._tsig = tsig
        self._servers = servers
        self._zone_name = parse_name(tsig.zone, "zone", "The zone")
        self._zone_text = self._zone_name.to_text(omit_final_dot=True).lower()

    async def check_credentials(self) -> str | None:
        """Whether the server has the zone and takes updates of it with this key. The update changes nothing.

        Which names and types a key may change is found when it is used.
        """
        async with self._connect() as stream:
            answer = await self._query(stream, self._zone_name, RdataType.SOA)
            if answer.get_rrset(answer.answer, self._zone_name, dns.rdataclass.IN, RdataType.SOA) is None:
                raise self._not_authoritative_error()
            self._check_rcode((await stream.exchange(UpdateMessage(self._zone_name))).rcode())
        return self._zone_text

    async def find_zone(self, name: str) -> Zone | None:
        """The zone of the credentials, where the name is at or below it."""
        if not is_within(name, self._zone_text):
            return None
        return Zone(id=self._zone_text, name=self._zone_text)

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """What stands at the name itself: what a wildcard or a DNAME answers for it is not taken for that."""
        owner = self._owner_name(zone, name)
        async with self._connect() as stream:
            if not await self._is_in_use(stream, owner):
                return []
            found: list[ZoneRecord] = []
            for rdtype in _QUERIED_TYPES:
                rrset = await self._query_rrset(stream, owner, rdtype)
                if rrset is None:
                    continue
                found += to_records(rrset)
                if is_exclusive(rdtype) or self._is_zone_cut(rrset):
                    break
        if not found:
            raise Permanent(f"At {name} stands something of a type that dcvd does not know.", code="record_unreadable")
        if len(found) > _MOST_RECORDS:
            raise Permanent(f"At {name} stand more than {_MOST_RECORDS} records.", code="too_many_records")
        return found

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """One update, done only if the sets of records to be removed are exactly these, and where none are, if nothing
        is in the way. Raises Retryable `record_changed` where it is otherwise."""
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1:
            raise ValueError("one change is of one name")
        owner = self._owner_name(zone, names.pop())
        removed, added = _to_rdatasets(remove), _to_rdatasets(add)
        if owner == self._zone_name and any(map(is_exclusive, added)):
            raise Permanent(f"{zone.name} is the apex of its zone, where no CNAME can be.", code="cname_at_apex")
        update = UpdateMessage(self._zone_name)
        for rdataset in removed.values():
            update.present(owner, *rdataset)
        for rdtype in added:
            if rdtype in removed:
                continue
            if is_exclusive(rdtype) and not removed:
                update.absent(owner)
            else:
                update.absent(owner, rdtype)
        for rdtype in removed:
            update.delete(owner, rdtype)
        for rdataset in added.values():
            update.add(owner, rdataset)
        async with self._connect() as stream:
            self._check_rcode((await stream.exchange(update)).rcode())

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[SignedStream]:
        try:
            async with asyncio.timeout(_TIMEOUT_S), connect(self._tsig, self._servers) as stream:
                yield stream
        except TimeoutError as error:
            raise Retryable(
                f"{self._tsig.server} did not answer within {_TIMEOUT_S:g} s.", code="provider_unavailable"
            ) from error

    def _owner_name(self, zone: Zone, name: str) -> Name:
        owner = parse_name(name, "name", "The record's name")
        if zone.name != self._zone_text or not owner.is_subdomain(self._zone_name):
            raise Permanent(f"{name} is not in the zone {self._zone_text}.", code="zone_not_held")
        return owner

    async def _is_in_use(self, stream: SignedStream, owner: Name) -> bool:
        """By an update that has a condition and changes nothing: unlike a query, it sees through wildcards."""
        update = UpdateMessage(self._zone_name)
        update.present(owner)
        rcode = (await stream.exchange(update)).rcode()
        if rcode == dns.rcode.NXDOMAIN:
            return False
        self._check_rcode(rcode)
        return True

    async def _query_rrset(self, stream: SignedStream, owner: Name, rdtype: RdataType) -> RRset | None:
        answer = await self._query(stream, owner, rdtype)
        if answer.flags & dns.flags.AA:
            return answer.get_rrset(answer.answer, owner, dns.rdataclass.IN, rdtype)
        cut = answer.get_rrset(answer.authority, owner, dns.rdataclass.IN, RdataType.NS)
        if cut is None:
            raise _delegated_error(owner)
        return cut

    def _is_zone_cut(self, rrset: RRset) -> bool:
        """Whether all else at this name is in the zone of other servers."""
        return rrset.rdtype is RdataType.NS and rrset.name != self._zone_name

    async def _query(self, stream: SignedStream, name: Name, rdtype: RdataType) -> Message:
        answer = await stream.exchange(dns.message.make_query(name, rdtype, flags=0))
        rcode = answer.rcode()
        if rcode == dns.rcode.NXDOMAIN:
            return answer
        self._check_rcode(rcode)
        if name == self._zone_name and not answer.flags & dns.flags.AA:
            raise self._not_authoritative_error()
        if answer.flags & dns.flags.TC:
            raise Permanent(f"What stands at {_to_text(name)} does not fit an answer.", code="too_many_records")
        return answer

    def _check_rcode(self, rcode: dns.rcode.Rcode) -> None:
        """Raises what a signed answer's rcode means, where it is not NOERROR."""
        if rcode == dns.rcode.NOERROR:
            return
        if rcode in _CONFLICT_RCODES:
            raise Retryable(
                f"The records in {self._zone_text} changed meanwhile ({dns.rcode.to_text(rcode)}).",
                code="record_changed",
            )
        raise self._to_error(rcode)

    def _to_error(self, rcode: dns.rcode.Rcode) -> RemoteError:
        server, zone, text = self._tsig.server, self._zone_text, dns.rcode.to_text(rcode)
        match rcode:
            case dns.rcode.REFUSED:
                return Permanent(
                    f"{server} knows the TSIG key, but does not let it do this in {zone} (REFUSED): allow it there.",
                    code="provider_refused",
                )
            case dns.rcode.NOTAUTH | dns.rcode.NOTZONE:
                return self._not_authoritative_error()
            case dns.rcode.NOTIMP:
                return Permanent(f"{server} takes no dynamic updates (NOTIMP).", code="provider_refused")
            case dns.rcode.FORMERR:
                return Permanent(f"{server} does not understand the request (FORMERR).", code="provider_refused")
            case _:
                return Retryable(f"{server} could not do it ({text}).", code="provider_unavailable")

    def _not_authoritative_error(self) -> Permanent:
        return Permanent(
            f"{self._tsig.server} is not a primary server of the zone {self._zone_text}.", code="zone_not_held"
        )


def _delegated_error(name: Name) -> Permanent:
    return Permanent(
        f"{_to_text(name)} is delegated to other servers; connect the zone that it is in.", code="zone_not_held"
    )


def _to_text(name: Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _to_rdatasets(records: Sequence[ZoneRecord]) -> dict[RdataType, Rdataset]:
    """By type; all records of a set have one time to live (RFC 2181 §5.2)."""
    found: dict[RdataType, Rdataset] = {}
    for record in records:
        rdata = to_rdata(record)
        rdataset = found.setdefault(rdata.rdtype, Rdataset(dns.rdataclass.IN, rdata.rdtype))
        rdataset.add(rdata, TTL if record.ttl is None else record.ttl)
    return found
