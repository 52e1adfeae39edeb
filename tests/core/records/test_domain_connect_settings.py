"""What strangers say of Domain Connect."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.records.domain_connect_settings import read_api_prefixes, read_settings

GOOD: dict[str, Any] = {
    "providerId": "dns.test",
    "providerName": "Dns",
    "urlSyncUX": "https://connect.dns.test",
    "urlAPI": "https://api.dns.test/connect/",
    "width": 600,
    "height": "500",
    "nameServers": ["ns1.dns.test"],
}


def body(**changes: Any) -> bytes:
    return msgspec.json.encode({name: value for name, value in {**GOOD, **changes}.items() if value is not ...})


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("connect.dns.test", "connect.dns.test"),
        (" api.dns.test/a/b/ ", "api.dns.test/a/b"),
        ("dns.test:8443/x", "dns.test:8443/x"),
        ("https://connect.dns.test", None),
        ("//connect.dns.test", None),
        ("connect.dns.test/../admin", None),
        ("connect.dns.test/.hidden", None),
        ("connect.dns.test//x", None),
        ("connect.dns.test/%2e%2e/x", None),
        ("connect.dns.test?x=", None),
        ("connect.dns.test#", None),
        ("user@connect.dns.test", None),
        ("connect.dns.test\\x", None),
        ("connect.dns.test\nx", None),
        ("localhost", None),
        ("", None),
        ("v=spf1 -all", None),
        (f"{'a' * 60}." * 5, None),
    ],
)
def test_only_a_plain_host_and_path_is_asked_for_settings(text: str, prefix: str | None) -> None:
    assert read_api_prefixes([text]) == (() if prefix is None else (prefix,))


def test_each_service_that_a_zone_names_is_tried_once_and_not_without_end() -> None:
    assert read_api_prefixes(["b.test", "a.test", "a.test/", "not one"]) == ("a.test", "b.test")
    assert read_api_prefixes([]) == ()
    assert len(read_api_prefixes([f"host{number}.test" for number in range(100)])) == 3


@pytest.mark.parametrize("absent", [..., None, []])
def test_a_provider_may_leave_out_its_name_servers(absent: object) -> None:
    assert read_settings(body(nameServers=absent)).nameservers == frozenset()


def test_name_servers_are_compared_in_one_form() -> None:
    read = read_settings(body(nameServers=["NS1.Dns.test.", "ns2.münchen.test"]))
    assert read.nameservers == {"ns1.dns.test", "ns2.xn--mnchen-3ya.test"}


def test_settings_are_read() -> None:
    read = read_settings(body())
    assert (read.provider_id, read.name) == ("dns.test", "Dns")
    assert (read.api_url, read.sync_url) == ("https://api.dns.test/connect", "https://connect.dns.test")
    assert (read.width, read.height) == (600, 500)
    assert read_settings(body(providerDisplayName="Dns Inc.")).name == "Dns Inc."
    assert read_settings(body(urlSyncUX=...)).sync_url is None


@pytest.mark.parametrize("size", [None, "wide", 0, -5, 10**9, 1.5, [], True, {"a": 1}])
def test_a_window_of_a_senseless_size_has_the_usual_one(size: object) -> None:
    assert read_settings(body(width=size)).width == 750


@pytest.mark.parametrize(
    "changes",
    [
        {"providerId": ...},
        {"providerId": 7},
        {"providerId": " "},
        {"providerName": "a\nb"},
        {"providerName": "<script>alert(1)</script>"},
        {"providerName": "x" * 200},
        {"urlAPI": ...},
        {"urlAPI": "http://api.dns.test"},
        {"urlAPI": "https://user:secret@api.dns.test"},
        {"urlAPI": "https://api.dns.test?a=b"},
        {"urlAPI": "https://api.dns.test/../x"},
        {"urlAPI": f"https://api.dns.test/{'x' * 600}"},
        {"urlSyncUX": "javascript:alert(1)"},
        {"urlSyncUX": "https://connect.dns.test/#"},
        {"urlSyncUX": ["https://connect.dns.test"]},
        {"nameServers": "ns1.dns.test"},
        {"nameServers": [1]},
        {"nameServers": ["ns1.dns.test"] * 33},
        {"nameServers": ["n" * 300]},
    ],
)
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read_settings(body(**changes))


@given(
    st.one_of(st.binary(), st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(msgspec.json.encode))
)
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_settings(data)


def test_a_document_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError):
        read_settings(b'{"nameServers":' + b"[" * 50_000)
