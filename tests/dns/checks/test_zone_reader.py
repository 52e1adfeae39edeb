"""Zones and what stands in them, on the sandbox's nameserver and on Knot behind Unbound."""

import pytest

from dcvd.config import Config
from dcvd.dns import DnsObserver
from dcvd.errors import Permanent, Retryable
from tests.dns.served import Serve

ZONE = """
    www 120 A 192.0.2.2
    www 120 A 192.0.2.1
    www MX 10 Mail.Customer.Test.
    www TXT "one" "two"
    app CNAME Edge.Sandbox.Test.
    *.wild A 192.0.2.9
    deep.empty A 192.0.2.3
    _domainconnect TXT "connect.provider.test"
"""


async def test_the_zone_of_a_name_is_that_of_its_soa_wherever_the_name_leads(serve: Serve) -> None:
    zones = (await serve({"test": "", "customer.test": ZONE, "shop.customer.test": "a A 192.0.2.4"})).observer.zones
    for name in ("app.customer.test", "www.customer.test", "customer.test", "not.there.customer.test"):
        assert await zones.find_apex(name) == "customer.test"
    assert await zones.find_apex("a.shop.customer.test") == "shop.customer.test"
    assert await zones.find_apex("app.nobody.test") is None
    assert await zones.read_texts("_domainconnect.customer.test") == ("connect.provider.test",)
    assert await zones.read_texts("nothing.customer.test") == ()


async def test_what_stands_at_a_name_is_told_and_no_more(serve: Serve) -> None:
    zones = (await serve({"customer.test": ZONE})).observer.zones
    assert [(each.type, each.value, each.ttl) for each in await zones.read_records("www.customer.test")] == [
        ("A", "192.0.2.1", 120),
        ("A", "192.0.2.2", 120),
        ("MX", "10 mail.customer.test", 60),
        ("TXT", '"one" "two"', 60),
    ]
    (cname,) = await zones.read_records("app.customer.test")
    assert (cname.type, cname.name, cname.value) == ("CNAME", "app.customer.test", "edge.sandbox.test")
    for name in ("nothing.customer.test", "empty.customer.test", "a.wild.customer.test"):
        assert await zones.read_records(name) == []


async def test_nobody_who_answers_is_no_empty_zone(config: Config) -> None:
    observer = DnsObserver(config)
    for call in (observer.zones.find_apex, observer.zones.read_texts, observer.zones.read_records):
        with pytest.raises(Retryable) as failed:
            await call("app.customer.test")
        assert failed.value.code == "dns_unavailable"
        with pytest.raises((Permanent, Retryable)):
            await call(f"{'x' * 64}.customer.test")
