"""The zone that resolvers are led to for a hostname, and its name servers."""

import pytest

from dcvd.config import Config
from dcvd.core.records.zone_use import HostAddresses, PublicZone
from dcvd.dns import DnsObserver
from dcvd.errors import Retryable
from tests.dns.served import Serve


async def test_it_is_found_with_its_servers_wherever_the_name_leads(serve: Serve) -> None:
    served = await serve({"test": "", "customer.test": "app CNAME edge.sandbox.test.\nwww A 192.0.2.1"})
    for name in ("app.customer.test", "www.customer.test", "customer.test", "a.b.customer.test"):
        found = await served.observer.zones.find_public_zone(name)
        assert found == PublicZone(name="customer.test", nameservers=("ns.customer.test",)), name


async def test_a_part_that_was_delegated_is_a_zone_of_its_own(serve: Serve) -> None:
    zones = {
        "customer.test": "shop NS ns.shop.customer.test.\nns.shop A 192.0.2.99",
        "shop.customer.test": "@ NS ns\n@ SOA ns a 1 3600 600 86400 60\nns A 192.0.2.99\nwww A 192.0.2.1",
    }
    served = await serve(zones)
    found = await served.observer.zones.find_public_zone("app.shop.customer.test")
    assert found == PublicZone(name="shop.customer.test", nameservers=("ns.shop.customer.test",))


async def test_a_domain_that_is_not_registered_is_in_no_zone(serve: Serve) -> None:
    served = await serve({"test": "sandbox NS ns.sandbox.test."})
    assert await served.observer.zones.find_public_zone("app.customer.test") == PublicZone(name=None)


async def test_the_addresses_of_hosts_are_read_together_and_one_without_any_adds_none(serve: Serve) -> None:
    served = await serve({"provider.test": "ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\nns2 A 192.0.2.2"})
    names = [f"ns{number}.provider.test" for number in (1, 2, 3)]
    found = await served.observer.zones.read_addresses(names)
    assert found == HostAddresses(found=frozenset({"192.0.2.1", "2001:db8::1", "192.0.2.2"}))


async def test_nobody_who_answers_says_nothing(config: Config) -> None:
    zones = DnsObserver(config).zones
    with pytest.raises(Retryable) as failed:
        await zones.find_public_zone("app.customer.test")
    assert failed.value.code == "dns_unavailable"
    unknown = await zones.read_addresses(["ns1.provider.test"])
    assert unknown == HostAddresses(unanswered=("ns1.provider.test",))
