"""A CA that refuses is left for the next in the operator's order."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DnsState
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.remedies import Remedy, RemedyKind, authority_for_patch, choose_remedy
from tests.core.builders import DNS_RIGHT, NOW, Story, added_domain, pointing_here, seen

CAA = "CAA records block issuance of this certificate."
RATE = "The authority has rate limited these domains."
CA_FAULT = "Internal error with Certificate Authority. Please check later."
CAS = ("google", "lets_encrypt", "ssl_com")


def refused(text: str, status: str = "pending_validation", authority: str = "google") -> CloudflareHostname:
    return seen("active", status, validation_errors=(text,), certificate_authority=authority)


@pytest.mark.parametrize("text", [CAA, RATE, "caa_error: app.customer.com"])
@pytest.mark.parametrize("status", ["pending_validation", "pending_issuance", "issuance_timed_out"])
def test_a_ca_that_refuses_is_left_for_the_next_in_the_operators_order(text: str, status: str) -> None:
    story = Story(authorities=CAS)
    story.look(DNS_RIGHT, refused(text, status))
    assert story.last.remedy == Remedy(RemedyKind.CHANGE_AUTHORITY, "lets_encrypt")
    assert story.domain.certificate_authority == "lets_encrypt"


def test_the_authorities_are_gone_round_in_steps_that_grow_and_never_to_and_fro() -> None:
    story, asked, authority = Story(authorities=CAS[:2]), [], "google"
    for minute in range(0, 3 * 24 * 60, 10):
        story.look(DNS_RIGHT, refused(RATE, authority=authority))
        if story.last.remedy is not None:
            authority = story.last.remedy.certificate_authority or authority
            asked.append((minute // 60, authority))
        story.wait(10 * MINUTE)
    assert asked == [(0, "lets_encrypt"), (1, "google"), (5, "lets_encrypt"), (17, "google"), (41, "lets_encrypt"),
                     (65, "google")]  # fmt: skip


def test_every_authority_has_its_turn_before_the_first_is_asked_again() -> None:
    story, asked, authority = pointing_here(authorities=CAS), [], "google"
    for _ in range(4):
        story.look(DNS_RIGHT, refused(RATE, authority=authority))
        assert story.last.remedy is not None
        authority = story.last.remedy.certificate_authority or authority
        asked.append(authority)
        story.wait(DAY)
    assert asked == ["lets_encrypt", "ssl_com", "google", "lets_encrypt"]


def test_an_authority_that_caa_does_not_permit_is_passed_over() -> None:
    domain = replace(
        added_domain(), cf_id="cf", cf_status="active", cf_ssl_status="pending_validation", cf_ssl_errors=(CAA,),
        certificate_authority="google", dns_state=DnsState.VERIFIED,
    )  # fmt: skip
    assert choose_remedy(domain, NOW, CAS, permitted_authorities=("ssl_com",))[1] == Remedy(
        RemedyKind.CHANGE_AUTHORITY, "ssl_com"
    )
    assert choose_remedy(domain, NOW, CAS, permitted_authorities=("google",))[1] is None
    assert choose_remedy(domain, NOW, CAS, permitted_authorities=())[1] is None


@pytest.mark.parametrize("authorities", [(), ("google",), ("lets_encrypt",)])
def test_where_the_operator_lists_no_second_authority_none_is_changed(authorities: tuple[str, ...]) -> None:
    story = pointing_here(authorities=authorities)
    story.look(DNS_RIGHT, refused(CAA))
    assert story.remedy is None
    story.look(DNS_RIGHT, refused(CAA, "issuance_timed_out"))
    assert story.remedy == "revalidate"


@pytest.mark.parametrize("text", ["SERVFAIL looking up CAA for customer.com", "dnssec: bogus", "some other trouble"])
def test_what_any_authority_would_meet_changes_none(text: str) -> None:
    story = pointing_here(authorities=CAS)
    story.look(DNS_RIGHT, refused(text))
    assert story.remedy is None


def test_an_internal_error_of_a_ca_is_given_a_day() -> None:
    story = pointing_here(authorities=CAS)
    story.look(DNS_RIGHT, refused(CA_FAULT))
    story.wait(23 * HOUR)
    story.look(DNS_RIGHT, refused(CA_FAULT))
    assert story.remedy is None
    story.wait(HOUR)
    story.look(DNS_RIGHT, refused(CA_FAULT))
    assert story.last.remedy == Remedy(RemedyKind.CHANGE_AUTHORITY, "lets_encrypt")


def test_an_internal_error_that_passed_meanwhile_is_given_a_new_day() -> None:
    story = pointing_here(authorities=CAS)
    story.look(DNS_RIGHT, refused(CA_FAULT))
    story.wait(20 * HOUR)
    story.look(DNS_RIGHT, seen("active", "pending_issuance"))
    story.wait(20 * HOUR)
    story.look(DNS_RIGHT, refused(CA_FAULT))
    assert story.remedy is None


def test_the_authority_that_was_decided_on_is_asked_though_cloudflare_still_names_the_other() -> None:
    present = replace(
        added_domain(), cf_id="cf", cf_status="active", cf_ssl_status="pending_validation", cf_ssl_errors=(CAA,),
        certificate_authority="google",
    )  # fmt: skip
    assert authority_for_patch(present, CAS, chosen_authority="ssl_com") == "ssl_com"
    assert authority_for_patch(present, CAS, chosen_authority="google") == "lets_encrypt"
    assert authority_for_patch(replace(present, cf_ssl_errors=()), CAS, chosen_authority="google") is None
    assert authority_for_patch(replace(present, cf_ssl_errors=()), CAS, chosen_authority="digicert") is None
