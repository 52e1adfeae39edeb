"""Whose a request is: whom a proxy may name, and what counts as one client."""

import tracemalloc
from ipaddress import ip_network

import pytest

from dcvd.kit.http.client_addresses import ClientAddresses

_PROXIES = ClientAddresses([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "lines", "client"),
    [
        ("203.0.113.9", [b"198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [b"1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [b"1.1.1.1,198.51.100.1,10.2.3.4 ,\t10.0.0.9"], "198.51.100.1"),
        ("10.0.0.1", [b"1.1.1.1, 198.51.100.1", b"10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", [b"10.0.0.7, 10.0.0.8"], "10.0.0.7"),
        ("10.0.0.1", [b"198.51.100.1, unknown, 10.0.0.9"], "10.0.0.9"),
        ("10.0.0.1", [b"198.51.100.1:4711"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.1, \xff"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.1, _hidden"], "10.0.0.1"),
        ("10.0.0.1", [b"[2001:db8::1]:443"], "10.0.0.1"),
        ("10.0.0.1", [b"2001:db8::1%eth0"], "2001:db8::1"),
        ("10.0.0.1", [b"198.51.100.1" + b",10.0.0.9" * 1500], "198.51.100.1"),
        ("10.0.0.1", [b"198.51.100.1"] * 1000 + [b"198.51.100.2"], "198.51.100.2"),
        ("10.0.0.1", [b"::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", [b"2001:db8::0001"], "2001:db8::1"),
        ("fd00::1", [b"198.51.100.1"], "198.51.100.1"),
    ],
)
def test_the_client_is_the_last_address_that_a_trusted_proxy_named_and_is_none(
    peer: str, lines: list[bytes], client: str
) -> None:
    assert _PROXIES.find_client(peer, lines) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert ClientAddresses().find_client("127.0.0.1", [b"198.51.100.1"]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "claimant"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:0:1::5", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("10.0.0.1", None),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::/64"),
    ],
)
def test_an_address_counts_as_one_client_but_that_of_a_proxy(address: str, claimant: str | None) -> None:
    assert _PROXIES.find_claimant(address) == claimant


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.4.5", "::1"])
def test_without_a_proxy_loopback_counts_as_many_clients(address: str) -> None:
    assert ClientAddresses().find_claimant(address) is None


def test_what_a_client_writes_in_place_of_an_address_is_not_kept_however_long_it_is() -> None:
    addresses = ClientAddresses([ip_network("10.0.0.0/8")])
    tracemalloc.start()
    try:
        for number in range(50):
            assert addresses.find_client("10.0.0.1", [b"%d" % number * 20_000]) == "10.0.0.1"
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept_bytes < 200_000
