"""One server's reply to one query: read from its message, ignoring everything about other names. Pure."""

from collections.abc import Sequence
from typing import Final

import dns.flags
import dns.rcode
import dns.rdataclass
from dns.name import Name
from dns.rdatatype import RdataType
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.dns.facts import QueryOutcome
from dcvd.dns.messages.message import DnsMessage, MessageRecord, Rdata, RecordSet, find_records, read_soa_numbers
from dcvd.dns.messages.names import decode_name, encode_name, is_within

MAX_RECORDS: Final = 50
"""The largest number of records of one type at one name that is kept."""
_MAX_ALIASES: Final = 16
_AA: Final = int(dns.flags.AA)
_RA: Final = int(dns.flags.RA)
_ANSWERING_RCODES: Final[frozenset[int]] = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class Referral(Struct, frozen=True):
    """The zone cut that a server refers to, with the names in its NS records and the addresses sent along (glue)."""

    zone_cut: Name
    nameservers: tuple[Name, ...]
    glue: tuple[tuple[Name, str], ...]


class DnsReply(Struct, frozen=True, kw_only=True):
    """A server's reply. `outcome` is "answered" only where the server was entitled to answer.

    aliases: the targets of the CNAMEs that the answer follows, starting at the name asked.
    rdatas: the data of the type asked, at the end of the aliases. exists: whether the name at that end exists.
    ttl: that of the shortest-lived record, or of the negative answer (RFC 2308 §5), or of the referral's NS records.
    zone, serial: those of the SOA that came along, if it is at or above the end.
    cname_targets: those of all CNAMEs at the name asked, where it has several: of these, `rdatas` has the last alone.
    referral: the referral in a reply that is `not_authoritative`, if it holds one.
    cname_reply: where a query that `shows_cname` passed a CNAME, what the same message answers to a query for that.
    """

    outcome: QueryOutcome
    exists: bool = False
    aliases: tuple[Name, ...] = ()
    rdatas: tuple[Rdata, ...] = ()
    ttl: int | None = None
    zone: Name | None = None
    serial: int | None = None
    cname_targets: tuple[Name, ...] = ()
    referral: Referral | None = None
    cname_reply: "DnsReply | None" = None

    @property
    def is_answered(self) -> bool:
        return self.outcome == "answered"


def parse_reply(
    message: DnsMessage, name: Name, rdtype: RdataType, *, recurse: bool, shows_cname: bool = False
) -> DnsReply:
    """Parse the message of a resolver (`recurse`) or of an authoritative server. Raises one of UNREADABLE_ERRORS.

    shows_cname: whether the reply shall have a `cname_reply`.
    """
    if message.rcode not in _ANSWERING_RCODES:
        return DnsReply(outcome=_classify_rcode(message.rcode))
    asked = encode_name(name).lower()
    authoritative = bool(message.flags & _AA)
    if not recurse and not authoritative:
        return _parse_referral(message, asked)
    if recurse and not authoritative and not message.flags & _RA:
        # Somebody configured a server that does not recurse as a resolver.
        return DnsReply(outcome="refused")
    reply = _parse_answer(message, asked, rdtype)
    if shows_cname and reply.aliases:
        # An SOA beside it is that of the zone at the end, and says nothing of the CNAME's.
        of_cname = replace(message, authority=())
        return replace(reply, cname_reply=_parse_answer(of_cname, asked, RdataType.CNAME))
    return reply


def _parse_answer(message: DnsMessage, asked: bytes, rdtype: RdataType) -> DnsReply:
    end, aliases, found = _follow_aliases(message, asked, rdtype)
    soa = _find_soa(message, end, rdtype)
    serial, minimum = (None, 0) if soa is None else read_soa_numbers(soa.last)
    ttls = [alias.ttl for alias in aliases]
    ttl: int | None = None
    if found is not None:
        ttl = min([*ttls, found.ttl])
    elif soa is not None:
        ttl = min([*ttls, soa.ttl, minimum])
    elif not aliases and any(record.rdtype == RdataType.NS for record in message.authority):
        # No data without an SOA, but name servers: a referral (RFC 2308 §2.2), whatever the flags say.
        return _parse_referral(message, asked)
    return DnsReply(
        outcome="answered",
        exists=found is not None or message.rcode == dns.rcode.NOERROR,
        aliases=tuple([alias.last.to_rdata().target for alias in aliases]),
        rdatas=() if found is None else found.to_rdatas()[:MAX_RECORDS],
        ttl=ttl,
        zone=None if soa is None else decode_name(soa.owner),
        serial=serial,
        cname_targets=() if found is None or rdtype is not RdataType.CNAME else _list_targets(found),
    )


def _list_targets(cnames: RecordSet) -> tuple[Name, ...]:
    """Return the targets of several CNAMEs, sorted; DNS allows one (RFC 2181 section 10.1)."""
    targets = {record.data.lower(): record.to_rdata().target for record in cnames.records}
    return tuple(sorted(targets.values())) if len(targets) > 1 else ()


def _follow_aliases(
    message: DnsMessage, asked: bytes, rdtype: RdataType
) -> tuple[bytes, Sequence[RecordSet], RecordSet | None]:
    """Follow the answer's CNAMEs from a name; return the end, the CNAMEs on the way, and the records at the end."""
    end, passed = asked, {asked}
    aliases: list[RecordSet] = []
    while (found := find_records(message.answer, end, rdtype)) is None:
        if rdtype is RdataType.CNAME or len(aliases) == _MAX_ALIASES:
            break
        alias = find_records(message.answer, end, RdataType.CNAME)
        if alias is None:
            break
        end = alias.last.data.lower()
        if end in passed:
            found = find_records(message.answer, end, rdtype)
            break
        passed.add(end)
        aliases.append(alias)
    return end, aliases, found


def _classify_rcode(rcode: int) -> QueryOutcome:
    match rcode:
        case dns.rcode.SERVFAIL:
            return "servfail"
        case dns.rcode.REFUSED | dns.rcode.NOTAUTH:
            return "refused"
        case _:
            return "malformed"


def _find_soa(message: DnsMessage, end: bytes, rdtype: RdataType) -> RecordSet | None:
    if rdtype is RdataType.SOA and (soa := _find_at_or_above(message.answer, end, RdataType.SOA)) is not None:
        return soa
    return _find_at_or_above(message.authority, end, RdataType.SOA)


def _parse_referral(message: DnsMessage, asked: bytes) -> DnsReply:
    """Parse the reply of a server without authority, which may refer to servers that have it."""
    if message.answer or message.rcode != dns.rcode.NOERROR:
        return DnsReply(outcome="not_authoritative")
    found = _find_at_or_above(message.authority, asked, RdataType.NS)
    if found is None:
        return DnsReply(outcome="not_authoritative")
    nameservers = tuple([rdata.target for rdata in found.to_rdatas()[:MAX_RECORDS]])
    glue = [
        (nameserver, rdata.address)
        for nameserver in (nameservers if message.additional else ())
        for rdtype in (RdataType.A, RdataType.AAAA)
        if (addresses := find_records(message.additional, encode_name(nameserver).lower(), rdtype)) is not None
        for rdata in addresses.to_rdatas()
    ]
    referral = Referral(decode_name(found.owner), nameservers, tuple(glue[:MAX_RECORDS]))
    return DnsReply(outcome="not_authoritative", referral=referral, ttl=found.ttl)


def _find_at_or_above(section: Sequence[MessageRecord], name: bytes, rdtype: RdataType) -> RecordSet | None:
    """Return the records of a type of the first name in a section that has some, and is the name or above it."""
    for record in section:
        if record.rdtype == rdtype and record.rdclass == dns.rdataclass.IN and is_within(name, record.owner):
            return find_records(section, record.owner, rdtype)
    return None
