"""One DNS question to one server, and to several in turn."""

import asyncio
from collections.abc import Sequence
from typing import Final

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import structlog

from dcvd.config import SocketAddress

log = structlog.get_logger(__name__)

_PER_SERVER: Final = 1.5
MOST_ADDRESSES: Final = 10
_PAYLOAD: Final = 1232
"""EDNS buffer size that crosses every path unfragmented (DNS Flag Day 2020)."""


class Unanswered(Exception):  # a fact about DNS, not a failure of dcvd; it never leaves this package
    """None of the servers gave a usable answer."""


async def ask(
    name: dns.name.Name, kind: dns.rdatatype.RdataType, servers: Sequence[SocketAddress], *, recurse: bool
) -> dns.message.Message:
    """The first usable answer (NOERROR or NXDOMAIN) of the servers in their order, over UDP and over TCP when cut.

    Raises Unanswered when there is none. Answers with a wrong id, question or sender are passed over.
    """
    for server in servers:
        query = dns.message.make_query(name, kind, use_edns=0, payload=_PAYLOAD)
        if not recurse:
            query.flags &= ~dns.flags.RD
        try:
            async with asyncio.timeout(_PER_SERVER):
                answer, _ = await dns.asyncquery.udp_with_fallback(
                    query,
                    server.host,
                    timeout=_PER_SERVER,
                    port=server.port,
                    ignore_unexpected=True,
                    ignore_errors=True,
                )
        except (TimeoutError, dns.exception.DNSException, OSError, EOFError) as error:
            log.debug("dns.no_answer", name=str(name), type=kind.name, server=str(server), error=repr(error))
            continue
        if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return answer
        log.debug("dns.refused", name=str(name), type=kind.name, server=str(server), rcode=answer.rcode().name)
    raise Unanswered


def cname_of(answer: dns.message.Message, name: dns.name.Name) -> dns.name.Name | None:
    """The target of the CNAME at `name` in an answer."""
    found = _rrset(answer, name, dns.rdatatype.CNAME)
    return None if found is None else next(iter(found)).target


def addresses_of(answer: dns.message.Message) -> list[str]:
    """The A and AAAA of the answer section, through whatever CNAMEs the server followed; at most MOST_ADDRESSES."""
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    return [
        rdata.address
        for rrset in answer.answer
        if rrset.rdtype in kinds and rrset.rdclass == dns.rdataclass.IN
        for rdata in rrset
    ][:MOST_ADDRESSES]


def zone_of(answer: dns.message.Message) -> dns.name.Name | None:
    """The zone that an answer comes from, by its SOA: in the authority section of a negative answer, or answered."""
    for section in (answer.authority, answer.answer):
        for rrset in section:
            if rrset.rdtype == dns.rdatatype.SOA:
                return rrset.name
    return None


def targets_of(answer: dns.message.Message, name: dns.name.Name) -> list[dns.name.Name]:
    """The name servers that an NS answer lists."""
    found = _rrset(answer, name, dns.rdatatype.NS)
    return [] if found is None else [rdata.target for rdata in found]


def _rrset(answer: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    return answer.get_rrset(answer.answer, name, dns.rdataclass.IN, kind)
