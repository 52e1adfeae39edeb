"""The name servers that the public DNS has for a zone."""

from dcvd.providers.route53.delegation import PublicNameServers
from tests.dns.served import Serve, serve

__all__ = ["serve"]


async def test_a_zone_has_the_name_servers_of_its_ns_records_and_what_is_no_zone_has_none(serve: Serve) -> None:
    served = await serve({"customer.test": "www A 192.0.2.1"})
    servers = PublicNameServers(served.observer)
    assert list(await servers.list_of_zone("customer.test")) == ["ns.customer.test"]
    assert list(await servers.list_of_zone("www.customer.test")) == []
    assert list(await servers.list_of_zone("nobody.test")) == []
