"""The SSRF guard's judgement of a single address."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.addresses import is_public_network, parse_ip, refusal_reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "this network"),
        ("0.1.2.3", "this network"),
        ("10.0.0.1", "private"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.8", "reserved for protocols"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4 relay"),
        ("192.168.1.1", "private"),
        ("198.18.0.1", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("198.51.100.7", "documentation"),
        ("203.0.113.9", "documentation"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("100::1", "discard only"),
        ("2002:0808:0808::1", "6to4"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b:1::1", "NAT64"),
        ("5f00::1", "segment routing"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
        ("2001:20::1", "reserved for protocols"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.1.2.3", "private"),
        ("::127.0.0.1", "not in use on the Internet"),
        ("4000::1", "not in use on the Internet"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused_with_its_reason(address: str, reason: str) -> None:
    assert refusal_reason(ip_address(address), ()) == reason


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "2606:4700::1111%eth0",
        "64:ff9b::808:808",
        "64:ff9b::5db8:d822",
    ],
)
def test_a_public_address_may_be_dialled_up_to_the_very_edge_of_a_refused_network(address: str) -> None:
    assert refusal_reason(ip_address(address), ()) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "::ffff:0:0/96"),
        ("64:ff9b::a00:1", "10.0.0.0/8"),
        ("2002:a00:1::", "10.0.0.0/8"),
        ("fe80::1%eth0", "fe80::/10"),
        ("::1", "::1/128"),
    ],
)
def test_what_the_operator_allows_wins_also_for_the_ipv4_address_within(address: str, network: str) -> None:
    allowed = IPv6Network(network) if ":" in network else IPv4Network(network)
    assert refusal_reason(ip_address(address), (allowed,)) is None


def test_an_allowed_network_opens_nothing_beside_itself() -> None:
    allowed = (IPv4Network("10.1.0.0/16"), IPv6Network("::1/128"))
    assert refusal_reason(ip_address("10.2.0.1"), allowed) == "private"
    assert refusal_reason(ip_address("127.0.0.1"), allowed) == "loopback"
    assert refusal_reason(ip_address("64:ff9b::a02:1"), allowed) == "private"


def test_the_loopback_of_one_family_does_not_open_that_of_the_other() -> None:
    v4, v6 = (IPv4Network("127.0.0.0/8"),), (IPv6Network("::1/128"),)
    assert refusal_reason(ip_address("::1"), v4) == "loopback"
    assert refusal_reason(ip_address("127.0.0.1"), v6) == "loopback"
    assert refusal_reason(ip_address("::ffff:127.0.0.1"), v6) == "loopback"
    # The old way to write an IPv4 address as one of IPv6 leads nowhere.
    assert refusal_reason(ip_address("::127.0.0.1"), v4) == "not in use on the Internet"


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_that_the_standard_library_calls_other_than_global(address: IPv4Address) -> None:
    if refusal_reason(address, ()) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_passes_that_the_standard_library_calls_other_than_global(address: IPv6Address) -> None:
    if refusal_reason(address, ()) is None:
        judged = address.ipv4_mapped or address
        assert judged.is_global
        assert not judged.is_multicast


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_is_judged_exactly_as_the_ipv4_address_it_is(value: int) -> None:
    mapped = IPv6Address((0xFFFF << 32) | value)
    assert refusal_reason(mapped, ()) == refusal_reason(IPv4Address(value), ())


@pytest.mark.parametrize(
    "address",
    [
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "64:ff9b::a83f:8110",
        "2002:a83f:8110::1",
        "199.36.153.9",
        "166.11.255.255",
    ],
)
def test_a_service_of_a_clouds_platform_is_denied_in_each_spelling_even_where_it_is_allowed(address: str) -> None:
    everything = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    assert refusal_reason(ip_address(address), ()) == "denied"
    assert refusal_reason(ip_address(address), everything) == "denied"


def test_the_operators_list_is_denied_in_place_of_the_default() -> None:
    denied = (IPv4Network("93.184.216.0/24"), IPv6Network("2606:4700::/32"))
    assert refusal_reason(ip_address("93.184.216.34"), (), denied_networks=denied) == "denied"
    assert refusal_reason(ip_address("2606:4700::1111"), (), denied_networks=denied) == "denied"
    assert refusal_reason(ip_address("168.63.129.16"), (), denied_networks=denied) is None
    assert refusal_reason(ip_address("1.1.1.1"), (), denied_networks=denied) is None


# The table of RFC 6052, section 2.4, with another address: its 192.0.2.33 is one of documentation.
@pytest.mark.parametrize(
    ("prefix", "public", "private"),
    [
        ("2001:db8::/32", "2001:db8:101:101::", "2001:db8:a00:1::"),
        ("2001:db8:100::/40", "2001:db8:101:101:1::", "2001:db8:10a:0:1::"),
        ("2001:db8:122::/48", "2001:db8:122:101:1:100::", "2001:db8:122:a00:0:100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:301:1:101::", "2001:db8:122:30a:0:1::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:1:101:100::", "2001:db8:122:344:a:0:100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::101:101", "2001:db8:122:344::a00:1"),
        ("64:ff9b:1::/96", "64:ff9b:1::101:101", "64:ff9b:1::a00:1"),
        ("fd00:64::/96", "fd00:64::101:101", "fd00:64::a00:1"),
    ],
)
def test_an_address_below_the_networks_own_nat64_is_judged_by_the_ipv4_address_within(
    prefix: str, public: str, private: str
) -> None:
    own = IPv6Network(prefix)
    assert refusal_reason(ip_address(public), (), nat64_prefix=own) is None
    assert refusal_reason(ip_address(private), (), nat64_prefix=own) == "private"
    assert refusal_reason(ip_address(private), (IPv4Network("10.0.0.0/8"),), nat64_prefix=own) is None
    assert refusal_reason(ip_address(public), ()) is not None


@given(st.integers(0, 2**32 - 1))
def test_behind_nat64_an_address_is_judged_exactly_as_the_ipv4_address_it_leads_to(value: int) -> None:
    translated = IPv6Address((0x64FF9B << 96) | value)
    assert refusal_reason(translated, ()) == refusal_reason(IPv4Address(value), ())


@pytest.mark.parametrize(
    "network", ["9.9.9.9/32", "8.8.8.0/24", "2606:4700::/32", "2606:4700::1111/128", "11.0.0.0/8", "2001:200::/23"]
)
def test_a_network_is_public_where_all_of_it_is(network: str) -> None:
    assert is_public_network(ip_network(network))


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0", "8.0.0.0/5", "10.1.2.3/32", "203.0.113.0/24", "168.63.129.16/32", "::/0", "2000::/3", "2001::/16",
        "2001:db8::1/128", "fd00::/8", "64:ff9b::808:808/128", "::ffff:8.8.8.8/128", "4000::/16",
    ],
)  # fmt: skip
def test_a_network_of_which_a_part_is_not_public_is_none(network: str) -> None:
    assert not is_public_network(ip_network(network))


@given(st.ip_addresses())
def test_a_network_of_one_address_is_public_where_the_address_may_be_dialled(
    address: IPv4Address | IPv6Address,
) -> None:
    if is_public_network(ip_network(address)):
        assert refusal_reason(address, ()) is None


@given(st.text("0123456789abcdef.:%/[]x٣", max_size=20) | st.ip_addresses().map(str))
@example("fe80::1%eth0")
@example("1.2.3.4.")
@example("")
def test_a_text_is_an_address_exactly_where_the_standard_library_takes_it_for_one(text: str) -> None:
    try:
        expected = ip_address(text)
    except ValueError:
        expected = None
    assert parse_ip(text) == expected
