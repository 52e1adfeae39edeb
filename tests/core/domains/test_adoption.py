"""Which hostnames are meant, how they are ordered, and which are only read."""

from typing import Any

import pytest

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason, explain_read_only
from dcvd.core.domains.adoption import HostnameSelection, choose_validation, find_read_only_reason
from dcvd.core.domains.observations import CloudflareHostname


def hostname(**members: Any) -> CloudflareHostname:
    known = {
        "id": "1", "hostname": "app.customer.com", "status": "active", "ssl_status": "active", "method": "http",
        "certificate_type": "dv", "certificate_authority": "google",
    }  # fmt: skip
    return CloudflareHostname(**{**known, **members})


@pytest.mark.parametrize(
    ("selection", "is_meant"),
    [
        (HostnameSelection(), True),
        (HostnameSelection(match=("*.customer.com",)), True),
        (HostnameSelection(match=("*.Customer.COM",)), True),
        (HostnameSelection(match=("customer.com", "app.*")), True),
        (HostnameSelection(match=("customer.com",)), False),
        (HostnameSelection(exclude=("app.*",)), False),
        (HostnameSelection(match=("*",), exclude=("*.customer.com",)), False),
        (HostnameSelection(only=frozenset({"app.customer.com"})), True),
        (HostnameSelection(only=frozenset({"app.customer.com"}), exclude=("app.*",)), False),
        (HostnameSelection(only=frozenset()), False),
    ],
)
def test_a_selection_says_which_hostnames_are_meant(selection: HostnameSelection, is_meant: bool) -> None:
    assert selection.includes("app.customer.com") is is_meant


@pytest.mark.parametrize(
    ("members", "validation"),
    [
        ({"method": "http"}, "http"),
        ({"method": "txt"}, "delegated"),
        ({"method": "txt", "wildcard": True}, "delegated"),
        ({"method": None}, "http"),
        ({"method": None, "wildcard": True}, "delegated"),
        ({"method": "email"}, "http"),
    ],
)
def test_the_validation_is_the_one_that_is_ordered(members: dict[str, Any], validation: str) -> None:
    assert choose_validation(hostname(**members)) == validation


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, None),
        ({"method": "txt"}, None),
        ({"certificate_authority": "ssl_com"}, None),
        ({"certificate_authority": None, "method": None, "certificate_type": None}, None),
        ({"has_own_certificate": True}, ReadOnlyReason.CUSTOM_CERTIFICATE),
        ({"has_own_csr": True}, ReadOnlyReason.CUSTOM_CSR),
        ({"has_too_many_settings": True}, ReadOnlyReason.SETTINGS_TOO_LARGE),
        ({"ssl_status": None}, ReadOnlyReason.NO_CERTIFICATE),
        ({"method": "email"}, ReadOnlyReason.METHOD),
        ({"method": "cname"}, ReadOnlyReason.METHOD),
        ({"method": "carrier-pigeon"}, ReadOnlyReason.METHOD),
        ({"certificate_type": "ev"}, ReadOnlyReason.METHOD),
        ({"certificate_authority": "digicert"}, ReadOnlyReason.CERTIFICATE_AUTHORITY),
        ({"status": "deleted", "ssl_status": None}, None),
    ],
)
def test_what_an_edit_could_not_leave_as_it_is_is_only_read(
    members: dict[str, Any], reason: ReadOnlyReason | None
) -> None:
    found = hostname(**members)
    assert find_read_only_reason(found, is_adopted=True) is reason
    assert find_read_only_reason(found, is_adopted=False) is (reason if reason and reason.is_lasting else None)


@pytest.mark.parametrize("reason", ReadOnlyReason)
def test_every_reason_is_a_sentence(reason: ReadOnlyReason) -> None:
    assert explain_read_only("app.customer.com", reason).startswith("app.customer.com is only read at Cloudflare and")
