"""Parse DNS queries, whatever a stranger sends, and build their answers. Pure."""

from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.message import Message
from dns.rdatatype import RdataType

from dcvd.sandbox.nameserver.zone import ZoneData

OUR_PAYLOAD: Final = 1232
"""The EDNS size that we announce: it passes any network unfragmented (DNS flag day 2020)."""
_HEADER: Final = 12
_RESPONSE_BIT: Final = 0x80


def parse_query(wire: bytes) -> Message | bytes | None:
    """Return the query, or the FORMERR to send, or None if nothing may be sent (no whole header, or a response)."""
    if len(wire) < _HEADER or wire[2] & _RESPONSE_BIT:
        return None
    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError, IndexError):
        return _format_error(wire)
    if len(query.question) != 1 and query.opcode() == dns.opcode.QUERY:
        return _format_error(wire)
    return query


def answer_query(query: Message, zone: ZoneData) -> Message:
    """Answer as an authoritative server that is also a resolver.

    AA and RA are set, CNAME chains are followed, and negative answers have a SOA.
    """
    if query.opcode() != dns.opcode.QUERY:
        return empty_response(query, dns.rcode.NOTIMP)
    if query.edns > 0:
        return empty_response(query, dns.rcode.BADVERS)
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN:
        return empty_response(query, dns.rcode.REFUSED)
    if question.rdtype != RdataType.ANY and dns.rdatatype.is_metatype(question.rdtype):
        return empty_response(query, dns.rcode.NOTIMP)
    resolution = zone.resolve(question.name, question.rdtype)
    response = empty_response(query, resolution.rcode)
    response.flags |= dns.flags.AA
    response.answer = list(resolution.answer)
    if not resolution.answer or resolution.answer[-1].rdtype != question.rdtype:
        soa = zone.find_soa(resolution.final_name)
        exists = resolution.rcode == dns.rcode.NOERROR
        if exists and question.rdtype is RdataType.SOA and soa.name == resolution.final_name:
            response.answer.append(soa)
        elif question.rdtype is not RdataType.ANY or not resolution.answer:
            response.authority = [soa]
    return response


def empty_response(query: Message, rcode: dns.rcode.Rcode) -> Message:
    """Build an answer with a code and without records."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=OUR_PAYLOAD)
    response.flags |= query.flags & dns.flags.CD  # RFC 4035 §3.2.2
    response.set_rcode(rcode)
    return response


def root_referral(query: Message) -> Message:
    """Build the answer of a lame server: it has no authority, and refers to the root."""
    response = empty_response(query, dns.rcode.NOERROR)
    response.authority = [
        dns.rrset.from_text(dns.name.root, 518400, dns.rdataclass.IN, RdataType.NS, "a.root-servers.net.")
    ]
    return response


def truncated_response(query: Message) -> Message:
    """Build an answer with nothing but the TC bit, which asks the client to use TCP."""
    response = empty_response(query, dns.rcode.NOERROR)
    response.flags |= dns.flags.TC
    return response


def to_datagram(response: Message, query: Message) -> bytes:
    """Encode an answer, cut to what the client can take (512 bytes without EDNS), with TC set if it was cut."""
    return response.to_wire(max_size=max(512, query.payload), prefer_truncation=True)


def _format_error(wire: bytes) -> bytes:
    """Build a FORMERR: the query's id and opcode, QR set, RCODE 1, and no sections."""
    return wire[:2] + bytes((_RESPONSE_BIT | wire[2] & 0x79, 0x81)) + bytes(8)
