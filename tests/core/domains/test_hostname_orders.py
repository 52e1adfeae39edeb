"""In what a hostname at Cloudflare differs from what was ordered."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.domains.hostname_orders import HostnameOrder, describe_differences, needs_branding
from dcvd.core.domains.observations import CloudflareHostname
from tests.core.builders import NAME, seen

ORDER = HostnameOrder(hostname=NAME, certificate_authorities=("google", "lets_encrypt"))
WILDCARD = replace(ORDER, validation="delegated", wildcard=True)


def at_cloudflare(**members: Any) -> CloudflareHostname:
    """A hostname as `ORDER` asks for it, but for `members`."""
    usual: dict[str, Any] = {
        "method": "http",
        "wildcard": False,
        "certificate_type": "dv",
        "certificate_authority": "google",
    }
    return seen("active", "active", **(usual | members))


def test_what_is_as_ordered_differs_in_nothing() -> None:
    assert describe_differences(ORDER, at_cloudflare()) == ()
    assert describe_differences(WILDCARD, at_cloudflare(method="txt", wildcard=True)) == ()


def test_a_later_ca_of_the_operators_list_is_one_of_those_that_may_issue() -> None:
    assert describe_differences(ORDER, at_cloudflare(certificate_authority="lets_encrypt")) == ()
    any_ca = replace(ORDER, certificate_authorities=())
    assert describe_differences(any_ca, at_cloudflare(certificate_authority="ssl_com")) == ()


@pytest.mark.parametrize("member", ["method", "wildcard", "certificate_type", "certificate_authority"])
def test_what_cloudflare_does_not_say_is_no_difference(member: str) -> None:
    assert describe_differences(ORDER, at_cloudflare(**{member: None})) == ()


def test_a_wildcard_of_which_cloudflare_says_nothing_may_be_there() -> None:
    assert describe_differences(WILDCARD, at_cloudflare(method="txt", wildcard=None)) == ()


@pytest.mark.parametrize(
    ("order", "members", "difference"),
    [
        (ORDER, {"method": "txt"}, "the method is txt instead of http"),
        (ORDER, {"wildcard": True}, "wildcard is true instead of false"),
        (WILDCARD, {"method": "txt"}, "wildcard is false instead of true"),
        (WILDCARD, {"wildcard": True}, "the method is http instead of txt"),
        (ORDER, {"certificate_type": "custom"}, "the type is custom instead of dv"),
        (ORDER, {"certificate_authority": "ssl_com"}, "the CA is ssl_com instead of google or lets_encrypt"),
        (ORDER, {"ssl_status": None, "method": None}, "no certificate is ordered"),
    ],
)
def test_each_difference_is_named(order: HostnameOrder, members: dict[str, Any], difference: str) -> None:
    assert describe_differences(order, at_cloudflare(**members)) == (difference,)


def test_several_differences_are_all_named() -> None:
    assert describe_differences(WILDCARD, at_cloudflare()) == (
        "the method is http instead of txt",
        "wildcard is false instead of true",
    )


def test_a_name_of_more_than_64_characters_needs_branding() -> None:
    assert [needs_branding("a" * length) for length in (64, 65)] == [False, True]
