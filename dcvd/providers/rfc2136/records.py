"""Read and change the records of one zone by dynamic updates (RFC 2136)."""

from collections.abc import Sequence
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
from dcvd.core.dns.hostnames import is_within
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.dns.messages.names import to_text
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable
from dcvd.providers.owner_names import OwnerName
from dcvd.providers.record_provider import AtomicProvider
from dcvd.providers.rfc2136.key import build_key, parse_name
from dcvd.providers.rfc2136.rdatas import is_exclusive, to_rdata, to_records
from dcvd.providers.rfc2136.server import SignedStream, UpdateServers, connect

TTL: Final = 300
_DEADLINE_S: Final = 10.0
"""The time limit of a whole call, including the lookup of the server's name."""
_QUERIED_TYPES: Final = (
    RdataType.CNAME, RdataType.A, RdataType.AAAA, RdataType.NS, RdataType.MX, RdataType.TXT, RdataType.CAA,
    RdataType.SRV, RdataType.HTTPS, RdataType.SVCB, RdataType.DS, RdataType.DNAME, RdataType.PTR, RdataType.NAPTR,
    RdataType.TLSA, RdataType.SSHFP, RdataType.URI, RdataType.LOC, RdataType.HINFO,
)  # fmt: skip
"""Types that are queried one by one, because a query for ANY may be answered with anything (RFC 8482)."""
_CONFLICT_RCODES: Final = frozenset({dns.rcode.YXDOMAIN, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.NXRRSET})


class Rfc2136Records(AtomicProvider):
    """The driver for the one zone that the credentials name.

    A tenant chooses the server's address, so it is checked at each call.
    """

    def __init__(self, tsig: TsigKey, servers: UpdateServers, org_id: str, *, deadline_s: float = _DEADLINE_S) -> None:
        """`org_id`: whose server it is. Raises InvalidInput naming the field of the credentials that cannot be used."""
        super().__init__(tsig.server, deadline_s=deadline_s)
        build_key(tsig)
        self._tsig = tsig
        self._servers = servers
        self._org_id = org_id
        self._zone_name = parse_name(tsig.zone, "zone", "The zone")
        self._zone_text = to_text(self._zone_name)

    async def _check_credentials(self) -> str | None:
        """Return the zone's name if the server has the zone and takes an empty update of it with this key.

        Which names and types the key may change shows only when it is used.
        """
        async with connect(self._tsig, self._servers, self._org_id) as stream:
            answer = await self._query(stream, self._zone_name, RdataType.SOA)
            if answer.get_rrset(answer.answer, self._zone_name, dns.rdataclass.IN, RdataType.SOA) is None:
                raise self._not_authoritative_error()
            self._check_rcode((await stream.exchange(UpdateMessage(self._zone_name))).rcode())
        return self._zone_text

    async def _find_zone(self, name: str) -> Zone | None:
        """Return the zone that the credentials name, with the servers that it names itself."""
        if not is_within(name, self._zone_text):
            return None
        async with connect(self._tsig, self._servers, self._org_id) as stream:
            rrset = await self._query_rrset(stream, self._zone_name, RdataType.NS)
        nameservers = () if rrset is None else tuple(sorted(to_text(rdata.target) for rdata in rrset))
        return Zone(id=self._zone_text, name=self._zone_text, nameservers=nameservers)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        """Return the records at the name itself, without those that a wildcard or a DNAME supplies for it."""
        name = parse_name(owner.name, "name", "The record's name")
        async with connect(self._tsig, self._servers, self._org_id) as stream:
            if not await self._is_in_use(stream, name):
                return []
            records: list[ZoneRecord] = []
            for rdtype in _QUERIED_TYPES:
                rrset = await self._query_rrset(stream, name, rdtype)
                if rrset is None:
                    continue
                records += to_records(rrset)
                if is_exclusive(rdtype) or self._is_zone_cut(rrset):
                    break
        if not records:
            raise Permanent(f"{owner.name} has a record of a type that dcvd does not know.", code="record_unreadable")
        return records

    async def _apply(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Send one update.

        Its conditions are that the sets with records to be removed hold exactly those records and, if there are none
        of a type, that nothing is in the way.
        """
        name = parse_name(owner.name, "name", "The record's name")
        removed, added = _to_rdatasets(remove), _to_rdatasets(add)
        update = UpdateMessage(self._zone_name)
        for rdataset in removed.values():
            update.present(name, *rdataset)
        for rdtype in added:
            if rdtype in removed:
                continue
            if is_exclusive(rdtype) and not removed:
                update.absent(name)
            else:
                update.absent(name, rdtype)
        for rdtype in removed:
            update.delete(name, rdtype)
        for rdataset in added.values():
            update.add(name, rdataset)
        async with connect(self._tsig, self._servers, self._org_id) as stream:
            self._check_rcode((await stream.exchange(update)).rcode())

    async def _is_in_use(self, stream: SignedStream, owner: Name) -> bool:
        """Whether the name has records of its own.

        An update that has a condition and changes nothing tells this; a query would also match wildcards.
        """
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
            raise Permanent(
                f"{to_text(owner)} is delegated to other servers; connect the zone that it is in.", code="zone_not_held"
            )
        return cut

    def _is_zone_cut(self, rrset: RRset) -> bool:
        """Whether other servers hold all other records at this name."""
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
            raise Permanent(f"The records at {to_text(name)} do not fit into an answer.", code="too_many_records")
        return answer

    def _check_rcode(self, rcode: dns.rcode.Rcode) -> None:
        """Raise the error for the rcode of a signed answer, unless it is NOERROR."""
        if rcode == dns.rcode.NOERROR:
            return
        if rcode in _CONFLICT_RCODES:
            raise RecordConflict(f"The records in {self._zone_text} changed meanwhile ({dns.rcode.to_text(rcode)}).")
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


def _to_rdatasets(records: Sequence[ZoneRecord]) -> dict[RdataType, Rdataset]:
    """Group records into sets by type; all records of a set have one time to live (RFC 2181 §5.2)."""
    rdatasets: dict[RdataType, Rdataset] = {}
    for record in records:
        rdata = to_rdata(record)
        rdataset = rdatasets.setdefault(rdata.rdtype, Rdataset(dns.rdataclass.IN, rdata.rdtype))
        rdataset.add(rdata, TTL if record.ttl is None else record.ttl)
    return rdatasets
