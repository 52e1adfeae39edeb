"""Whom to ask about a name: the servers of the closest zone that holds it, however its letters are written."""

import dns.name
import pytest

from dcvd.config import DnsConfig, SocketAddress
from dcvd.dns.queries.sources import AnswerSources

RESOLVER, OUTER, INNER, FOUND = (SocketAddress(f"192.0.2.{number}", 53) for number in range(1, 5))
SOURCES = AnswerSources.from_config(
    DnsConfig(resolvers=(RESOLVER,), stub_zones={"test": (OUTER,), "inner.customer.test": (INNER,)})
)


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("app.customer.test", FOUND),
        ("APP.Customer.TEST", FOUND),
        ("customer.test", FOUND),
        ("a.inner.customer.test", INNER),
        ("other.test", OUTER),
        ("notcustomer.test", OUTER),
        ("customer.example", RESOLVER),
        (".", RESOLVER),
    ],
)
def test_the_closest_zone_that_holds_the_name_is_asked(name: str, server: SocketAddress) -> None:
    sources = SOURCES.with_zone(dns.name.from_text("customer.Test"), [FOUND])
    assert sources.find_for_name(dns.name.from_text(name)).servers == (server,)


def test_a_zone_that_was_found_is_no_stub_zone() -> None:
    sources = SOURCES.with_zone(dns.name.from_text("customer.example"), [FOUND])
    assert sources.find_stub(dns.name.from_text("app.customer.example")) is None
    assert sources.without_stubs().find_for_name(dns.name.from_text("a.test")).servers == (RESOLVER,)


def test_replies_of_other_servers_or_zones_have_other_keys() -> None:
    zone = dns.name.from_text("customer.test")
    one, other = SOURCES.with_zone(zone, [FOUND]), SOURCES.with_zone(zone, [INNER])
    keys = [sources.find_for_name(zone).key for sources in (one, other)]
    assert len({*keys, SOURCES.resolvers.key}) == 3
