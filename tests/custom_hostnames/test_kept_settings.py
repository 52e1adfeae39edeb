"""What is read of a hostname so that an edit leaves it as it is."""

from typing import Any

import pytest

from dcvd.core.domains.hostname_orders import HostnameOrder
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.orders import build_order_body, build_revalidation_body
from dcvd.custom_hostnames.wire import read_hostname

ID = "3537a672-e4d8-4d89-aab9-26cb622918a1"


def read(ssl: object = None, **members: Any) -> CloudflareHostname:
    found = read_hostname({"id": ID, "hostname": "app.customer.com", "status": "active", "ssl": ssl, **members})
    assert found is not None
    return found


def test_everything_that_is_not_managed_is_kept_as_it_was_given() -> None:
    found = read(
        {
            "method": "txt", "type": "dv", "status": "active", "wildcard": False, "certificate_authority": "google",
            "bundle_method": "force", "cloudflare_branding": True, "validation_records": [{"txt_name": "x"}],
            "settings": {"http2": "off", "http3": "on", "ciphers": ["A", "B"], "min_tls_version": "1.2"},
        },
        custom_metadata={"b": "2", "a": {"deep": [1, None, "\u2603"]}},
        custom_origin_server="origin.saas.com",
        custom_origin_sni=":request_host_header:",
        ownership_verification={"type": "txt"},
    )  # fmt: skip
    assert found.kept_settings == {
        "custom_metadata": {"b": "2", "a": {"deep": [1, None, "\u2603"]}},
        "custom_origin_server": "origin.saas.com",
        "custom_origin_sni": ":request_host_header:",
        "ssl": {
            "settings": {"http2": "off", "http3": "on", "ciphers": ["A", "B"], "min_tls_version": "1.2"},
            "bundle_method": "force",
            "cloudflare_branding": True,
        },
    }


@pytest.mark.parametrize(
    ("ssl", "members"),
    [
        (None, {}),
        ({}, {"custom_metadata": None, "custom_origin_server": ""}),
        ({"settings": {"ciphers": [], "http2": None}, "bundle_method": ""}, {"custom_metadata": {}}),
    ],
)
def test_what_has_no_value_is_not_sent(ssl: object, members: dict[str, Any]) -> None:
    assert read(ssl, **members).kept_settings == {}


def test_more_than_can_be_kept_is_kept_not_at_all_and_said() -> None:
    found = read({}, custom_metadata={"a": "x" * 20_000})
    assert (found.kept_settings, found.has_too_many_settings) == ({}, True)


@pytest.mark.parametrize(
    ("ssl", "is_own"),
    [
        ({"custom_certificate": "PEM"}, True),
        ({"custom_cert_bundle": [{"custom_certificate": "PEM"}]}, True),
        ({"uploaded_on": "2026-01-01T00:00:00Z"}, True),
        ({"expires_on": "2027-01-01T00:00:00Z", "issuer": "DigiCertInc"}, True),
        ({"expires_on": "2027-01-01T00:00:00Z", "certificates": [{"expires_on": "2027-01-01T00:00:00Z"}]}, False),
        ({"custom_certificate": "", "custom_key": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_an_uploaded_certificate_is_known_by_what_only_such_have(ssl: object, is_own: bool) -> None:
    assert read(ssl).has_own_certificate is is_own


def test_an_order_goes_over_what_is_kept_and_leaves_the_rest() -> None:
    found = read(
        {"settings": {"http2": "off"}, "method": "txt", "certificate_authority": "ssl_com"}, custom_metadata={"a": "b"}
    )
    order = HostnameOrder(hostname="app.customer.com", certificate_authorities=("lets_encrypt",))
    assert build_order_body(order, found.kept_settings) == {
        "custom_metadata": {"a": "b"},
        "ssl": {
            "settings": {"http2": "off"}, "method": "http", "type": "dv", "wildcard": False,
            "certificate_authority": "lets_encrypt",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("present", "asked", "has_choice", "named"),
    [
        ("google", None, True, None),
        ("lets_encrypt", None, True, "lets_encrypt"),
        ("ssl_com", None, True, "ssl_com"),
        ("ssl_com", None, False, None),
        ("digicert", None, True, None),
        ("google", "ssl_com", True, "ssl_com"),
        (None, None, True, None),
    ],
)
def test_a_revalidation_keeps_the_ca_that_cloudflare_would_not_choose_itself(
    present: str | None, asked: str | None, has_choice: bool, named: str | None
) -> None:
    found = read({"method": "email", "certificate_authority": present, "bundle_method": "optimal"})
    order = HostnameOrder(hostname="app.customer.com")
    body = build_revalidation_body(found, order, asked, has_authority_choice=has_choice)
    ssl = {"bundle_method": "optimal", "method": "email", "type": "dv", "wildcard": False}
    assert body == {"ssl": ssl if named is None else {**ssl, "certificate_authority": named}}
