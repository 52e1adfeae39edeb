"""What is told of a query: who was asked for what, and what came."""

import dns.name
import dns.rdata
import pytest
from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.core.dns.facts import SentQuery
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply, Referral
from dcvd.dns.queries.query_log import QueryLog

NAME = dns.name.from_text("App.Customer.test.")
TARGET = dns.name.from_text("edge.saas.test.")


def logged(
    reply: DnsReply | None, kind: RdataType = RdataType.A, *, host: str = "192.0.2.1", port: int = 53
) -> SentQuery:
    log = QueryLog()
    log.add(DnsQuery(NAME, kind, recurse=False), SocketAddress(host, port), reply, 0.0124)
    (query,) = log.queries
    return query


def rdata(kind: RdataType, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text("IN", kind, text)


@pytest.mark.parametrize(
    ("reply", "kind", "answer"),
    [
        (DnsReply(outcome="answered", exists=True, rdatas=(rdata(RdataType.A, "192.0.2.7"),)), RdataType.A,
         "A 192.0.2.7"),
        (DnsReply(outcome="answered", exists=True, aliases=(TARGET,)), RdataType.A, "CNAME edge.saas.test, no A"),
        (DnsReply(outcome="answered", exists=True), RdataType.CAA, "no CAA"),
        (DnsReply(outcome="answered"), RdataType.CNAME, "NXDOMAIN"),
        (DnsReply(outcome="answered", exists=True, cname_targets=(NAME, TARGET)), RdataType.CNAME,
         "CNAME app.customer.test, CNAME edge.saas.test"),
        (DnsReply(outcome="not_authoritative", referral=Referral(NAME.parent(), (TARGET,), ())), RdataType.A,
         "referral to customer.test: edge.saas.test"),
        (DnsReply(outcome="servfail"), RdataType.A, ""),
    ],
)  # fmt: skip
def test_what_came_is_told_in_a_line(reply: DnsReply, kind: RdataType, answer: str) -> None:
    query = logged(reply, kind)
    assert (query.name, query.type, query.answer, query.outcome) == (
        "app.customer.test",
        kind.name,
        answer,
        reply.outcome,
    )
    assert query.duration_ms == 12


def test_a_server_is_told_by_its_address_and_by_its_port_where_that_is_another() -> None:
    assert [logged(None, port=port).server for port in (53, 5353)] == ["192.0.2.1", "192.0.2.1:5353"]
    assert logged(None, host="2001:db8::1", port=5353).server == "[2001:db8::1]:5353"
    assert (logged(None).outcome, logged(None).answer) == ("timeout", "")


def test_a_zone_cannot_fill_the_log_or_play_with_a_terminal() -> None:
    texts = tuple(rdata(RdataType.TXT, '"' + "\\226\\128\\174\\027[2J" * 20 + f'{number}"') for number in range(50))
    query = logged(DnsReply(outcome="answered", exists=True, rdatas=texts), RdataType.TXT)
    assert len(query.answer) <= 500
    assert query.answer.isprintable()
