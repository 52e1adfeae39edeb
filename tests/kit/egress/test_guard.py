"""What is judged about a URL, a header and an address before anything is dialled."""

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.guard import (
    AddressRefused,
    EgressPolicy,
    EgressRefusal,
    check_headers,
    check_url,
    create_guarded_socket,
    judge_address,
    judge_url,
    select_permitted,
)

PUBLIC = EgressPolicy()
DEVELOPMENT = EgressPolicy(allow_http=True, allow_private=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")))


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/in",
        "https://hooks.example.com:443/in?a=b",
        "https://hooks.example.com:80/",
        "https://hooks.example.com./in",
        "https://bücher.example/",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/",
        "HTTPS://HOOKS.EXAMPLE.COM/",
        "https://under_score.example.com/",
        "https://12.example.com/",
    ],
)
def test_a_public_https_url_is_accepted(url: str) -> None:
    assert check_url(url, PUBLIC) is None


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://hooks.example.com/", "has to begin with https://."),
        ("ftp://hooks.example.com/", "has to begin with https://."),
        ("hooks.example.com/in", "has to begin with https://."),
        ("//hooks.example.com/in", "has to begin with https://."),
        ("", "has to begin with https://."),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://user:secret@hooks.example.com/", "a user name or a password"),
        ("https://user@hooks.example.com/", "a user name or a password"),
        ("https://hooks.example.com/#top", "a fragment"),
        ("https://hooks.example.com/#", "a fragment"),
        ("https://hooks.example.com:8080/", "names port 8080; allowed are 80, 443."),
        ("https://hooks.example.com:0/", "port 0"),
        ("https://hooks.example.com:99999/", "cannot be read"),
        ("https://hooks.example.com:+443/", "spells its port in an unusual way"),
        ("https://hooks.example.com:/", "spells its port in an unusual way"),
        ("https://hooks.example.com:٤٤٣/", "spells its port in an unusual way"),
        ("https://hooks.example.com/a b", "a space, a control character"),
        ("https://hooks.example.com/\r\nX-Evil: 1", "a space, a control character"),
        ("https://hooks.example.com\\@10.0.0.1/", "a space, a control character or a backslash"),
        ("https://hooks.example.com/" + "a" * 2048, "at most 2048"),
        ("https://a..example.com/", "is not a host name"),
        ("https://" + "a" * 64 + ".example.com/", "is not a host name"),
        ("https://localhost/", "this machine itself"),
        ("https://api.LOCALHOST./", "this machine itself"),
        ("https://127.0.0.1/", "127.0.0.1 is not allowed (loopback)"),
        ("https://127.0.0.1./", "127.0.0.1 is not allowed (loopback)"),
        ("https://127.1/", "127.0.0.1 is not allowed (loopback)"),
        ("https://0x7f.1/", "127.0.0.1 is not allowed (loopback)"),
        ("https://0x7f000001/", "127.0.0.1 is not allowed (loopback)"),
        ("https://2130706433/", "127.0.0.1 is not allowed (loopback)"),
        ("https://017700000001/", "127.0.0.1 is not allowed (loopback)"),
        ("https://0177.0.0.1/", "127.0.0.1 is not allowed (loopback)"),
        ("https://0/", "0.0.0.0 is not allowed (this network)"),
        ("https://[::ffff:127.0.0.1]/", "is not allowed (loopback)"),
        ("https://[::1]/", "is not allowed (loopback)"),
        ("https://[::]/", "is not allowed (unspecified)"),
        ("https://[fe80::1%25eth0]/", "zone id"),
        ("https://[64:ff9b::7f00:1]/", "is not allowed (loopback)"),
        ("https://168.63.129.16/", "is not allowed (denied)"),
        ("https://169.254.169.254/latest/meta-data", "is not allowed (link-local)"),
        ("https://１２７.0.0.1/", "127.0.0.1 is not allowed (loopback)"),
        ("https://%31%32%37.0.0.1/", "is not a host name"),
        ("https://ex%61mple.com/", "is not a host name"),
        ("https://-example.com/", "is not a host name"),
        ("https://exa*mple.com/", "is not a host name"),
        ("https://16843009/", "spells an address in an unusual way; write 1.1.1.1."),
        ("https://1.1/", "spells an address in an unusual way; write 1.0.0.1."),
        ("https://1.1.1.1:22/", "port 22 is not allowed"),
    ],
)
def test_a_url_that_must_not_be_dialled_is_refused_in_a_sentence(url: str, sentence: str) -> None:
    refused = check_url(url, PUBLIC)
    assert refused is not None
    assert sentence in refused.english
    assert refused.english.endswith(".")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/in",
        "http://localhost:9000/in",
        "https://[::1]:9000/in",
        "http://hooks.example.com/",
        "http://receiver.test:9000/in",
    ],
)
def test_what_the_operator_allows_for_development_is_accepted_on_any_port(url: str) -> None:
    assert check_url(url, DEVELOPMENT) is None


def test_an_allowed_network_opens_no_other_address() -> None:
    refused = check_url("http://10.0.0.1/", DEVELOPMENT)
    assert refused is not None
    assert refused.english == "The URL's address 10.0.0.1 is not allowed (private)."
    assert check_url("http://1.1.1.1:9000/", DEVELOPMENT) is not None


V4, V6 = IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")


@pytest.mark.parametrize(
    ("network", "dialled", "refused", "literal"),
    [(V4, "127.0.0.1", "::1", "http://[::1]:9000/"), (V6, "::1", "127.0.0.1", "http://127.0.0.1:9000/")],
)
def test_one_loopback_that_is_allowed_opens_its_name_and_not_the_other_loopback(
    network: IPv4Network | IPv6Network, dialled: str, refused: str, literal: str
) -> None:
    policy = EgressPolicy(allow_http=True, allow_private=(network,))
    assert check_url("http://localhost:9000/in", policy) is None
    assert check_url("http://api.LOCALHOST.:9000/in", policy) is None
    refusal = check_url(literal, policy)
    assert refusal is not None
    assert refusal.english == f"The URL's address {refused} is not allowed (loopback)."
    both = [ip_address("::1"), ip_address("127.0.0.1")]
    assert select_permitted("localhost", both, 9000, policy) == (ip_address(dialled),)
    with pytest.raises(AddressRefused, match="leads to no public address"):
        select_permitted("localhost", [ip_address(refused)], 9000, policy)
    with pytest.raises(AddressRefused, match="loopback"):
        create_guarded_socket(ip_address(refused), 9000, policy)


def test_a_private_network_that_is_allowed_opens_no_loopback_and_no_name_that_only_sounds_like_it() -> None:
    policy = EgressPolicy(allow_http=True, allow_private=(IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/8")))
    for host in ("localhost", "api.localhost", "localhost."):
        refused = check_url(f"http://{host}:9000/", policy)
        assert refused is not None
        assert "this machine itself" in refused.english
    assert check_url("https://notlocalhost/", PUBLIC) is None
    assert check_url("https://localhost.example.com/", PUBLIC) is None


def test_configured_ports_replace_the_usual_ones() -> None:
    policy = EgressPolicy(ports=frozenset({443, 8443}))
    assert check_url("https://hooks.example.com:8443/", policy) is None
    assert check_url("https://hooks.example.com:80/", policy) is not None


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://[", "https://a@", "https://x:"]))
def test_any_text_is_judged_without_an_exception(text: str, prefix: str) -> None:
    refused = check_url(prefix + text, PUBLIC)
    assert refused is None or refused.english.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Evil", "a\r\nHost: b"),
        ("X-Evil", "a\nb"),
        ("X-Evil", "a\rb"),
        ("X-Evil", "a\0b"),
        ("X-Evil", "smörgås\u0151"),
        ("X-Evil\r\nHost", "a"),
        ("X Evil", "a"),
        ("", "a"),
        ("Host", "internal.example"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
    ],
)
def test_a_header_that_would_change_the_request_around_it_is_refused(name: str, value: str) -> None:
    assert check_headers({"X-Good": "yes", name: value}) is not None


def test_ordinary_headers_are_accepted() -> None:
    assert check_headers({"webhook-id": "evt_1", "X-DCVaaS-Signature": "ab12", "Authorization": "Basic eDp5"}) is None


def test_an_allowed_address_may_be_dialled_on_any_port_and_a_public_one_on_the_listed() -> None:
    assert judge_address(ip_address("127.0.0.1"), 9000, DEVELOPMENT) is None
    assert judge_address(ip_address("1.1.1.1"), 443, DEVELOPMENT) is None
    port = EgressRefusal(FailureReason.PORT_NOT_ALLOWED, "port 9000 is not allowed")
    assert judge_address(ip_address("1.1.1.1"), 9000, DEVELOPMENT) == port
    assert judge_address(ip_address("10.0.0.1"), 443, DEVELOPMENT) == EgressRefusal(
        FailureReason.ADDRESS_NOT_ALLOWED, "private"
    )


def test_the_last_gate_makes_no_socket_for_a_refused_address() -> None:
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 port 443 is not allowed \(loopback\)"):
        create_guarded_socket(ip_address("127.0.0.1"), 443, PUBLIC)
    with pytest.raises(AddressRefused, match=r"::1 port 443"):
        create_guarded_socket(ip_address("::1"), 443, PUBLIC)
    create_guarded_socket(ip_address("1.1.1.1"), 443, PUBLIC).close()


def test_of_a_names_addresses_those_that_may_be_dialled_are_left_in_their_order_and_once() -> None:
    addresses = [ip_address(text) for text in ("10.0.0.1", "2606:4700::1111", "1.1.1.1", "127.0.0.1", "1.1.1.1")]
    assert select_permitted("hooks.example", addresses, 443, PUBLIC) == (addresses[1], addresses[2])


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        ([], FailureReason.NAME_NOT_PUBLIC),
        (["10.0.0.1", "fd00::1"], FailureReason.NAME_NOT_PUBLIC),
        (["1.1.1.1"], FailureReason.PORT_NOT_ALLOWED),
        (["10.0.0.1", "1.1.1.1"], FailureReason.PORT_NOT_ALLOWED),
    ],
)
def test_a_name_without_a_good_address_is_refused_for_what_the_tenant_can_mend(
    addresses: list[str], reason: FailureReason
) -> None:
    with pytest.raises(AddressRefused) as caught:
        select_permitted("hooks.example", [ip_address(text) for text in addresses], 22, PUBLIC)
    assert caught.value.refusal.reason is reason
    assert all(address in caught.value.detail for address in addresses)
    assert not any(address in caught.value.refusal.message for address in addresses)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://hooks.example/", FailureReason.BAD_URL),
        ("https://a..example/", FailureReason.BAD_URL),
        ("https://16843009/", FailureReason.BAD_URL),
        ("https://[fe80::1%25eth0]/", FailureReason.BAD_URL),
        ("https://127.0.0.1/", FailureReason.ADDRESS_NOT_ALLOWED),
        ("https://localhost/", FailureReason.ADDRESS_NOT_ALLOWED),
        ("https://hooks.example:22/", FailureReason.PORT_NOT_ALLOWED),
        ("https://1.1.1.1:22/", FailureReason.PORT_NOT_ALLOWED),
    ],
)
def test_a_refused_url_has_its_reason(url: str, reason: FailureReason) -> None:
    refused = judge_url(url, PUBLIC)
    assert refused is not None
    assert refused.reason is reason
