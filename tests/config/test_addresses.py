import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.config import SocketAddress, parse_address
from dcvd.config.addresses import leads_to_loopback, parse_base_url, parse_hostname


@given(st.ip_addresses(), st.integers(0, 65535))
def test_every_socket_address_comes_back_from_its_text(ip: object, port: int) -> None:
    address = SocketAddress(str(ip), port)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "[::1]", "[127.0.0.1]:80",
     "[x]:80", "999.0.0.1:80", "a_b:80", "a b:80", "http://a:80", "127.0.0.1:80 ", "127.0.0.1:٨"],
)  # fmt: skip
def test_what_is_no_address_with_a_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1.1.1.1", SocketAddress("1.1.1.1", 53)),
        ("::1", SocketAddress("::1", 53)),
        ("[::1]", SocketAddress("::1", 53)),
        ("[0:0::1]:54", SocketAddress("::1", 54)),
        ("ns.example", SocketAddress("ns.example", 53)),
    ],
)
def test_with_a_default_the_port_may_be_left_out(text: str, address: SocketAddress) -> None:
    assert parse_address(text, default_port=53) == address


def test_names_can_be_refused() -> None:
    with pytest.raises(ValueError, match="not an IP address"):
        parse_address("localhost:53", allow_names=False)


def test_a_hostname_loses_its_case_and_its_final_dot() -> None:
    assert parse_hostname("Edge.Example.NET.") == "edge.example.net"


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "-a.b", "a-.b", "a_b.c", "*.b.c", "10.0.0.1", "x" * 64 + ".b", "ü.de"]
)
def test_what_is_no_hostname_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hostname(text)


@pytest.mark.parametrize(
    "url",
    ["", "example.net", "ftp://example.net", "https://", "https://a.b/", "https://a.b/c/", "https://a.b?x", "https://a.b#",
     "https://u@a.b", "https://a.b:0", "https://a.b:99999", "https://[::1", "https://a b.c", "https://a_b.c", "https://a.b\n"],
)  # fmt: skip
def test_what_cannot_be_a_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        parse_base_url(url)


@pytest.mark.parametrize("url", ["https://a.b", "http://127.0.0.1:8787/client/v4", "https://[::1]:8443/x"])
def test_a_base_url_is_kept_as_it_is(url: str) -> None:
    assert parse_base_url(url) == url


def test_loopback_is_known_by_its_spelling() -> None:
    assert leads_to_loopback("http://127.9.9.9:80/x")
    assert leads_to_loopback("http://localhost")
    assert leads_to_loopback("http://[::1]:1")
    assert not leads_to_loopback("http://localhost.example.net")
    assert not leads_to_loopback("http://10.0.0.1")
