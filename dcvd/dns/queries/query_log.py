"""The queries of one check in the order in which their answers came, kept where somebody wants them explained."""

from typing import Final

from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.core.dns.facts import SentQuery
from dcvd.core.text import make_printable, shorten
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply

_MAX_ANSWER_CHARS: Final = 500
_DNS_PORT: Final = 53
_NAME_TYPES: Final = frozenset({RdataType.CNAME, RdataType.NS})


class QueryLog:
    """Keeps what was sent and what came; it grows no further than the budget of the check allows queries."""

    def __init__(self) -> None:
        self._queries: list[SentQuery] = []

    @property
    def queries(self) -> tuple[SentQuery, ...]:
        """The queries so far."""
        return tuple(self._queries)

    def add(self, query: DnsQuery, server: SocketAddress, reply: DnsReply | None, duration_s: float) -> None:
        """Keep a query; `reply` is None where nothing came in time."""
        self._queries.append(
            SentQuery(
                server=server.host if server.port == _DNS_PORT else str(server),
                recursive=query.recurse,
                name=to_text(query.name),
                type=query.rdtype.name,
                outcome="timeout" if reply is None else reply.outcome,
                answer="" if reply is None else shorten(make_printable(_describe(query, reply)), _MAX_ANSWER_CHARS),
                duration_ms=round(duration_s * 1000),
            )
        )


def _to_text(query: DnsQuery, rdata: Rdata) -> str:
    return to_text(rdata.target) if query.rdtype in _NAME_TYPES else str(rdata.to_text())


def _describe(query: DnsQuery, reply: DnsReply) -> str:
    if reply.referral is not None:
        servers = ", ".join(to_text(name) for name in reply.referral.nameservers)
        return f"referral to {to_text(reply.referral.zone_cut)}: {servers}"
    if not reply.is_answered:
        return ""
    aliases = [f"CNAME {to_text(alias)}" for alias in reply.aliases]
    if query.rdtype is RdataType.CNAME and len(reply.cname_targets) > 1:
        return ", ".join(f"CNAME {to_text(target)}" for target in reply.cname_targets)
    records = [f"{query.rdtype.name} {_to_text(query, rdata)}" for rdata in reply.rdatas]
    missing = [] if records else ["NXDOMAIN" if not reply.exists else f"no {query.rdtype.name}"]
    return ", ".join([*aliases, *records, *missing])
