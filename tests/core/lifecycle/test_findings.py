"""What a look does with the findings of its diagnosis: which of them are told, and when."""

from msgspec.structs import replace

from dcvd.core.dns.facts import CaaPolicy, ChallengeAnswer, DnsObservation, ServerAnswer
from dcvd.core.domains.domain import DnsState, new_domain
from dcvd.core.domains.required_records import required_records
from dcvd.core.instants import DAY
from tests.core.builders import (
    DNS_MISSING,
    DNS_RIGHT,
    DNS_UNANSWERED,
    NAME,
    NOW,
    TARGET,
    Story,
    active_story,
    added_domain,
    certificate,
    dns,
    seen,
)

DELEGATION = f"{NAME}.0123456789abcdef.dcv.cloudflare.com"
FORBIDS = CaaPolicy(start_name=NAME, outcome="answered", owner_name="customer.com", issue=("digicert.com",))
RIGHT_BUT_FORBIDDEN = dns(exists=True, chain=(TARGET,), caa=FORBIDS)
LAME = (ServerAnswer(name="ns1.net", address="198.51.100.53", outcome="refused"),)


def told(story: Story) -> list[str]:
    (draft,) = (draft for draft in story.drafts if draft.type in ("dns.check_failed", "dns.verified"))
    assert draft.data["dns_status"] == story.domain.dns_state
    return [finding["code"] for finding in draft.data["findings"]]


def test_a_block_beside_a_right_record_is_told_in_its_verification_and_not_against_it() -> None:
    story = Story()
    assert story.look(RIGHT_BUT_FORBIDDEN) == ["dns.verified"]
    assert told(story) == ["caa_blocks"]
    assert story.domain.dns_state is DnsState.VERIFIED
    assert story.look(RIGHT_BUT_FORBIDDEN) == []
    assert story.look(DNS_RIGHT) == []


def test_a_block_that_appears_beside_a_right_record_is_told_once_and_says_that_the_record_is_right() -> None:
    story = Story()
    assert story.look(DNS_RIGHT) == ["dns.verified"]
    assert told(story) == []
    assert story.look(RIGHT_BUT_FORBIDDEN) == ["dns.check_failed"]
    assert told(story) == ["caa_blocks"]
    assert story.drafts[-1].data["dns_status"] == "verified"
    assert story.look(RIGHT_BUT_FORBIDDEN) == []


def test_a_block_that_was_told_before_the_record_was_right_stands_in_its_verification() -> None:
    story = Story()
    assert story.look(dns(caa=FORBIDS)) == ["dns.check_failed"]
    assert told(story) == ["cname_missing", "caa_blocks"]
    assert story.look(RIGHT_BUT_FORBIDDEN) == ["dns.verified"]
    assert told(story) == ["caa_blocks"]


def test_what_is_no_error_is_no_news() -> None:
    story = Story()
    story.look(DNS_RIGHT)
    lame = ServerAnswer(name="ns2.net", address="198.51.100.54", outcome="refused")
    speaks = ServerAnswer(name="ns1.net", address="198.51.100.53", outcome="answered", exists=True, cname=TARGET)
    assert story.look(dns(exists=True, chain=(TARGET,), servers=(speaks, lame))) == []
    assert [finding.code for finding in story.domain.findings] == ["ns_lame"]


def test_of_an_active_domain_a_block_is_seen_and_not_told_until_it_matters() -> None:
    story = active_story()
    assert story.look(RIGHT_BUT_FORBIDDEN, seen("active", "active", certificate("01"))) == []
    assert [finding.code for finding in story.domain.findings] == ["caa_blocks"]
    assert story.domain.is_ready


def test_servers_that_refuse_their_zone_are_told_though_nobody_knows_the_record() -> None:
    for story, events in ((Story(), ["dns.check_failed"]), (active_story(), [])):
        before = story.domain
        assert story.look(dns(outcome="unanswered", servers=LAME)) == events
        assert [finding.code for finding in story.domain.findings] == ["ns_lame"]
        assert (story.domain.dns_state, story.domain.dns_failures) == (before.dns_state, before.dns_failures)
        assert story.look(dns(outcome="unanswered", servers=LAME)) == []
        assert story.look(DNS_UNANSWERED) == []
        assert [finding.code for finding in story.domain.findings] == ["ns_lame"]


def test_an_unseen_record_between_two_failed_checks_neither_counts_nor_clears() -> None:
    story = active_story()
    checks = (DNS_MISSING, dns(outcome="unanswered", servers=LAME), DNS_MISSING)
    assert [story.look(check) for check in checks] == [[], [], ["dns.check_failed"]]


def test_the_challenge_stays_as_it_was_seen_last() -> None:
    story = Story(
        new_domain(
            domain_id="dom_1", org_id="org_1", name=NAME, cname_target=TARGET, now=NOW, validation="delegated",
            challenge_target=DELEGATION,
        )
    )  # fmt: skip

    def challenge(**members: object) -> DnsObservation:
        return dns(exists=True, chain=(TARGET,), challenge=ChallengeAnswer(**members))  # type: ignore[arg-type]  # real members

    seen_last = []
    for check in (
        challenge(outcome="answered"),
        challenge(outcome="answered", chain=(DELEGATION,)),
        challenge(outcome="timeout"),
        DNS_RIGHT,
        challenge(outcome="answered"),
    ):
        events = story.look(check)
        seen_last.append((story.domain.challenge_verified, events, told(story) if events else None))
    assert seen_last == [
        (False, ["dns.verified"], ["delegation_missing"]),
        (True, [], None),
        (True, [], None),
        (True, [], None),
        (False, ["dns.check_failed"], ["delegation_missing"]),
    ]


def test_the_missing_challenge_of_a_hostname_that_cloudflare_renews_over_http_is_no_fault_and_not_asked_for() -> None:
    delegated = new_domain(
        domain_id="dom_1", org_id="org_1", name=NAME, cname_target=TARGET, now=NOW, validation="delegated",
        challenge_target=DELEGATION,
    )  # fmt: skip
    unanswered = dns(exists=True, chain=(TARGET,), challenge=ChallengeAnswer(outcome="answered"))
    for found, purposes in ((unanswered, ["routing"]), (DNS_MISSING, ["routing", "validation"])):
        story = Story(delegated)
        story.look(unanswered, seen("active", "active", certificate("01")))
        assert (story.status, story.domain.is_ready, story.domain.findings) == ("active", True, ())
        story.look(found)
        story.look(found)
        assert [record.purpose for record in required_records(story.domain)] == purposes
    story = Story(replace(delegated, wildcard=True))
    story.look(unanswered, seen("active", "active", certificate("01"), wildcard=True))
    assert [each.code for each in story.domain.findings] == ["wildcard_needs_delegation"]
    assert [record.purpose for record in required_records(story.domain)] == ["routing", "validation", "wildcard"]


def test_an_event_tells_cloudflares_words_beside_what_dns_showed() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("moved", "pending_validation"))
    story.look(DNS_MISSING)
    story.look(DNS_MISSING)
    assert told(story) == ["cname_missing", "moved"]


def test_while_our_own_resolvers_fail_what_is_known_of_the_domain_stands_and_nobody_is_told() -> None:
    story = Story()
    failed = dns(outcome="unanswered", have_resolvers_failed=True)
    assert story.look(failed) == []
    assert [finding.code for finding in story.domain.findings] == ["resolvers_failed"]
    assert (story.domain.dns_state, story.domain.dns_checked_at) == (DnsState.UNKNOWN, None)
    assert story.look(DNS_MISSING) == ["dns.check_failed"]
    assert told(story) == ["cname_missing"]
    assert story.look(failed) == []
    assert [finding.code for finding in story.domain.findings] == ["cname_missing", "resolvers_failed"]
    assert story.look(failed) == story.look(DNS_UNANSWERED) == story.look(DNS_MISSING) == []
    assert [finding.code for finding in story.domain.findings] == ["cname_missing"]


def test_an_active_domain_stays_ready_while_our_own_resolvers_fail() -> None:
    story = active_story()
    story.look(dns(outcome="unanswered", have_resolvers_failed=True))
    assert [finding.code for finding in story.domain.findings] == ["resolvers_failed"]
    assert story.domain.is_ready
    story.look(DNS_UNANSWERED)
    assert story.domain.findings == ()


def test_the_record_below_a_wildcard_hostname_is_not_said_to_be_there_before_dns_answered() -> None:
    domain = replace(added_domain(), wildcard=True, validation="delegated")
    assert not any(record.is_verified for record in required_records(domain))
    story = Story(domain)
    story.look(dns(outcome="unanswered", servers=LAME))
    assert [finding.code for finding in story.domain.findings] == ["ns_lame"]
    assert not any(record.is_verified for record in required_records(story.domain))


def test_a_domain_that_was_delegated_at_an_earlier_check_and_is_gone_has_expired_or_is_suspended() -> None:
    gone = dns(exists=False, is_registered=False)
    never = Story()
    never.look(gone)
    assert [finding.code for finding in never.domain.findings] == ["domain_unregistered"]
    story = Story()
    story.look(dns(exists=True, chain=(TARGET,), is_registered=True))
    story.wait(DAY)
    story.look(gone)
    (finding,) = story.domain.findings
    assert (finding.code, finding.actor) == ("domain_suspended", "customer")
    assert "was there on 2026-11-23" in finding.message
    story.look(gone)
    assert [each.code for each in story.domain.findings] == ["domain_suspended"]
