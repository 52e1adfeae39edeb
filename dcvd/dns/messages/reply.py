"""One server's reply to one query: read from its message, ignoring everything about other names. Pure."""

from typing import Any, Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset
from msgspec import Struct

from dcvd.core.dns.facts import QueryOutcome

MAX_RECORDS: Final = 50
"""The largest number of records of one type at one name that is kept."""
_MAX_ALIASES: Final = 16


Rdata = Any
"""A record's data, as dnspython has it: its attributes are those of its type."""


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
    cname_targets: those of all CNAMEs at the name asked, where it has several; see `read_cname_targets`.
    referral: the referral in a reply that is `not_authoritative`, if it holds one.
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

    @property
    def is_answered(self) -> bool:
        return self.outcome == "answered"


def parse_reply(message: Message, name: Name, rdtype: RdataType, *, recurse: bool) -> DnsReply:
    """Parse the message of a resolver (`recurse`) or of an authoritative server."""
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return DnsReply(outcome=_classify_rcode(rcode))
    authoritative = bool(message.flags & dns.flags.AA)
    if not recurse and not authoritative:
        return _parse_referral(message, name)
    if recurse and not authoritative and not message.flags & dns.flags.RA:
        # Somebody configured a server that does not recurse as a resolver.
        return DnsReply(outcome="refused")
    return _parse_answer(message, name, rdtype)


def read_cname_targets(wire: bytes, name: Name) -> tuple[Name, ...]:
    """Return the targets of all CNAMEs at a name in a message, sorted: of several, a parsed message has the last alone.

    DNS allows one (RFC 2181 section 10.1). Raises dnspython's errors for what is no message.
    """
    message = dns.message.from_wire(wire, ignore_trailing=True, one_rr_per_rrset=True)
    return tuple(
        sorted(
            {
                rrset[0].target
                for rrset in message.answer
                if rrset.name == name and rrset.rdtype == RdataType.CNAME and rrset.rdclass == dns.rdataclass.IN
            }
        )
    )


def _parse_answer(message: Message, name: Name, rdtype: RdataType) -> DnsReply:
    end, aliases, ttls = _follow_aliases(message, name, rdtype)
    rrset_asked = _find_rrset(message, message.answer, end, rdtype)
    soa = _find_soa(message, end, rdtype)
    ttl: int | None = None
    if rrset_asked is not None:
        ttl = min([*ttls, rrset_asked.ttl])
    elif soa is not None:
        ttl = min([*ttls, soa.ttl, soa[0].minimum])
    elif not aliases and any(rrset.rdtype == RdataType.NS for rrset in message.authority):
        # No data without an SOA, but name servers: a referral (RFC 2308 §2.2), whatever the flags say.
        return _parse_referral(message, name)
    return DnsReply(
        outcome="answered",
        exists=rrset_asked is not None or message.rcode() == dns.rcode.NOERROR,
        aliases=aliases,
        rdatas=tuple(rrset_asked or ())[:MAX_RECORDS],
        ttl=ttl,
        zone=None if soa is None else soa.name,
        serial=None if soa is None else soa[0].serial,
    )


def _follow_aliases(message: Message, name: Name, rdtype: RdataType) -> tuple[Name, tuple[Name, ...], list[int]]:
    """Follow the answer's CNAMEs from a name; return the name at the end, the targets, and the TTL of each CNAME."""
    aliases: list[Name] = []
    ttls: list[int] = []
    end = name
    while rdtype != RdataType.CNAME and len(aliases) < _MAX_ALIASES:
        if _find_rrset(message, message.answer, end, rdtype) is not None:
            break
        alias = _find_rrset(message, message.answer, end, RdataType.CNAME)
        if alias is None:
            break
        end = alias[0].target
        if end == name or end in aliases:
            break
        aliases.append(end)
        ttls.append(alias.ttl)
    return end, tuple(aliases), ttls


def _classify_rcode(rcode: dns.rcode.Rcode) -> QueryOutcome:
    match rcode:
        case dns.rcode.SERVFAIL:
            return "servfail"
        case dns.rcode.REFUSED | dns.rcode.NOTAUTH:
            return "refused"
        case _:
            return "malformed"


def _find_soa(message: Message, end: Name, rdtype: RdataType) -> RRset | None:
    section = message.answer if rdtype == RdataType.SOA else []
    for rrset in (*section, *message.authority):
        if rrset.rdtype == RdataType.SOA and rrset.rdclass == dns.rdataclass.IN and end.is_subdomain(rrset.name):
            return rrset
    return None


def _parse_referral(message: Message, name: Name) -> DnsReply:
    """Parse the reply of a server without authority, which may refer to servers that have it."""
    if message.answer or message.rcode() != dns.rcode.NOERROR:
        return DnsReply(outcome="not_authoritative")
    for rrset in message.authority:
        if rrset.rdtype == RdataType.NS and rrset.rdclass == dns.rdataclass.IN and name.is_subdomain(rrset.name):
            nameservers = tuple(rdata.target for rdata in rrset)[:MAX_RECORDS]
            glue = [
                (nameserver, rdata.address)
                for nameserver in nameservers
                for rdtype in (RdataType.A, RdataType.AAAA)
                for rdata in _find_rrset(message, message.additional, nameserver, rdtype) or ()
            ]
            referral = Referral(rrset.name, nameservers, tuple(glue[:MAX_RECORDS]))
            return DnsReply(outcome="not_authoritative", referral=referral, ttl=rrset.ttl)
    return DnsReply(outcome="not_authoritative")


def _find_rrset(message: Message, section: list[RRset], name: Name, rdtype: RdataType) -> RRset | None:
    return message.get_rrset(section, name, dns.rdataclass.IN, rdtype)
