"""Who runs a zone, by the names of its servers."""

import pytest

from dcvd.core.dns.providers import find_provider, is_at_cloudflare, is_suspended


@pytest.mark.parametrize(
    ("nameservers", "name"),
    [
        (("ada.ns.cloudflare.com", "bob.ns.cloudflare.com"), "Cloudflare"),
        (("blue.foundationdns.com", "blue.foundationdns.net", "blue.foundationdns.org"), "Cloudflare"),
        (("NS0001.secondary.cloudflare.com.",), "Cloudflare"),
        (("ns07.domaincontrol.com", "ns08.domaincontrol.com"), "GoDaddy"),
        (("ns-1.awsdns-00.com", "ns-2000.awsdns-55.co.uk"), "Amazon Route 53"),
        (("dns1.registrar-servers.com",), "Namecheap"),
        (("ns1-05.azure-dns.com", "ns2-05.azure-dns.net"), "Azure DNS"),
        (("helium.ns.hetzner.de", "hydrogen.ns.hetzner.com"), "Hetzner"),
        (("ns1045.ui-dns.com", "ns1045.ui-dns.biz"), "IONOS"),
        (("ns1.dns-parking.com",), "Hostinger"),
    ],
)
def test_a_provider_is_known_by_its_servers(nameservers: tuple[str, ...], name: str) -> None:
    provider = find_provider(nameservers)
    assert provider is not None
    assert provider.name == name
    assert provider.records_page


@pytest.mark.parametrize(
    "nameservers",
    [
        (), ("ns1.customer.test",), ("ns07.domaincontrol.com", "ada.ns.cloudflare.com"),
        ("ns.cloudflare.com.evil.test",), ("evilns.cloudflare.com.test",), ("notdomaincontrol.com",),
        ("ada.ns.cloudflare.com", "ns1.customer.test"),
    ],
)  # fmt: skip
def test_nobody_is_named_where_that_is_not_sure(nameservers: tuple[str, ...]) -> None:
    assert find_provider(nameservers) is None
    assert not is_at_cloudflare(nameservers)


def test_servers_that_registrars_set_for_suspended_domains_are_told_from_others() -> None:
    assert is_suspended(("ns1.suspended-domain.com", "ns2.suspended-domain.com"))
    assert is_suspended(("ns1.verification-hold.suspended-domain.com",))
    assert is_suspended(("dns1.failed-whois-verification.namecheap.com",))
    for others in ((), ("ns1.customer.test",), ("ns1.suspended-domain.com", "ns07.domaincontrol.com")):
        assert not is_suspended(others)
