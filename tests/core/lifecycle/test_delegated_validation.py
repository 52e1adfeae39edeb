"""Delegated validation: where `_acme-challenge` has to point, and certificates issued ahead of the traffic."""

import pytest
from msgspec.structs import replace

from dcvd.core.dns.facts import ChallengeAnswer, DnsObservation
from dcvd.core.domains.domain import Record, delegation_suffix
from dcvd.core.domains.required_records import required_records
from tests.core.builders import DNS_MISSING, DNS_RIGHT, NAME, Story, added_domain, certificate, dns, seen

TARGET = f"{NAME}.abc123def456ghi7.dcv.cloudflare.com"
DELEGATION = Record("CNAME", f"_acme-challenge.{NAME}", TARGET)


def challenge_right() -> DnsObservation:
    return dns(challenge=ChallengeAnswer(outcome="answered", chain=(TARGET,)))


def story() -> Story:
    return Story(replace(added_domain(), validation="delegated"))


def test_the_target_of_the_challenge_is_taken_from_cloudflares_answer_and_kept_when_it_shows_it_no_more() -> None:
    subject = story()
    assert [record.value for record in required_records(subject.domain)][1:] == [None]
    subject.look(seen("pending", "initializing"))
    subject.look(seen("pending", "pending_validation", delegation_record=DELEGATION))
    assert subject.domain.challenge_target == TARGET
    assert delegation_suffix(subject.domain) == "abc123def456ghi7.dcv.cloudflare.com"
    subject.look(seen("active", "active", certificate("01")))
    _, challenge = required_records(subject.domain)
    assert (challenge.name, challenge.value, challenge.purpose) == (DELEGATION.name, TARGET, "validation")


def test_a_zone_that_moved_to_another_account_has_another_target() -> None:
    subject = story()
    subject.look(seen("pending", "pending_validation", delegation_record=DELEGATION))
    moved = replace(DELEGATION, value=f"{NAME}.0000000000000000.dcv.cloudflare.com")
    subject.look(seen("pending", "pending_validation", delegation_record=moved))
    assert subject.domain.challenge_target == moved.value


@pytest.mark.parametrize(
    "delegation",
    [
        replace(DELEGATION, name="_acme-challenge.other.customer.com"),
        replace(DELEGATION, value=f"{NAME}..dcv.cloudflare.com"),
        replace(DELEGATION, value="x" * 300),
        replace(DELEGATION, value="a b.dcv.cloudflare.com"),
        None,
    ],
)
def test_a_record_of_another_name_or_that_dns_could_not_hold_is_not_taken(delegation: Record | None) -> None:
    subject = story()
    subject.look(seen("pending", "pending_validation", delegation_record=delegation))
    assert subject.domain.challenge_target is None


def test_the_name_of_the_whole_zone_is_known_only_from_a_target_of_that_form() -> None:
    domain = replace(added_domain(), challenge_target="somewhere.else.dcv.cloudflare.com")
    assert delegation_suffix(domain) is None
    assert delegation_suffix(added_domain()) is None


@pytest.mark.parametrize("ssl", ["pending_issuance", "pending_deployment", "active"])
def test_a_certificate_issued_ahead_of_the_traffic_does_not_pass_for_the_routing_record(ssl: str) -> None:
    subject = story()
    subject.look(DNS_MISSING, seen("pending", ssl, certificate("01")))
    assert subject.status == "pending_cname"
    subject.look(DNS_RIGHT, seen("pending", ssl, certificate("01")))
    assert subject.status == "issuing"
    by_http = Story()
    by_http.look(DNS_MISSING, seen("pending", ssl, certificate("01")))
    assert by_http.status == "issuing"


def test_with_its_certificate_ahead_a_domain_is_active_the_moment_its_hostname_is() -> None:
    subject = story()
    subject.look(DNS_MISSING, seen("pending", "active", certificate("01")))
    assert subject.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == ["dns.verified", "domain.active"]
    assert subject.domain.is_ready


def test_the_challenge_turning_right_is_told_to_cloudflare_as_the_record_is() -> None:
    subject = story()
    open_order = seen("pending", "pending_validation", waits_for_txt=True, delegation_record=DELEGATION)
    given = []
    for check in (DNS_MISSING, DNS_MISSING, challenge_right(), challenge_right()):
        subject.look(check, open_order)
        given.append((subject.domain.challenge_verified, subject.remedy))
    assert given == [(False, None), (False, None), (True, "revalidate"), (True, None)]


def test_a_challenge_seen_only_after_its_certificate_was_issued_starts_no_other() -> None:
    for ssl in ("pending_issuance", "pending_deployment", "active"):
        subject = story()
        subject.look(DNS_MISSING, seen("pending", ssl, certificate("01"), delegation_record=DELEGATION))
        subject.look(challenge_right(), seen("pending", ssl, certificate("01")))
        assert (subject.domain.challenge_verified, subject.remedy) == (True, None)
