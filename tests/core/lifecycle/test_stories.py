"""A domain's way from added to active, its troubles, and the way back, told look by look."""

import pytest

from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import DnsState
from dcvd.core.domains.observations import CloudflareHostnameAbsence, RegistrationRefusal
from dcvd.core.events import EventData, EventType
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.domain_events import domain_event_data, draft_added_event, draft_removed_event
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.records.written_records import leftover_records
from tests.core.builders import (
    DNS_FLATTENED,
    DNS_MISSING,
    DNS_RIGHT,
    DNS_UNANSWERED,
    DNS_WRONG,
    NAME,
    NOW,
    Story,
    active_story,
    added_domain,
    certificate,
    seen,
)

DATA_OF_A_PENDING_DOMAIN: EventData = {
    "domain_id": "dom_1",
    "domain_name": NAME,
    "status": "pending_cname",
    "expires_at": None,
    "external_id": None,
    "labels": {},
}


def test_the_normal_way_from_added_to_active() -> None:
    story = Story()
    assert draft_added_event(story.domain).type is EventType.DOMAIN_ADDED
    assert draft_added_event(story.domain).data == DATA_OF_A_PENDING_DOMAIN
    assert story.look(DNS_MISSING) == ["dns.check_failed"]
    assert story.look(DNS_MISSING, seen("pending", "initializing")) == []
    assert story.look(DNS_MISSING, seen("pending", "pending_validation")) == []
    assert story.status == "pending_cname"
    assert story.look(DNS_RIGHT, seen("pending", "pending_validation")) == ["dns.verified"]
    assert story.status == "issuing"
    verified = {"status": "issuing", "dns_status": "verified", "findings": []}
    assert story.drafts[0].data == DATA_OF_A_PENDING_DOMAIN | verified
    assert story.look(DNS_RIGHT, seen("active", "pending_issuance")) == []
    assert story.look(DNS_RIGHT, seen("active", "pending_deployment", certificate("01"))) == []
    assert story.status == "issuing"
    assert story.domain.expires_at is None
    story.wait(MINUTE)
    assert story.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == ["domain.active"]
    assert story.drafts[0].data == {
        "domain_id": "dom_1",
        "domain_name": NAME,
        "status": "active",
        "expires_at": "2027-02-21T10:00:00Z",
        "external_id": None,
        "labels": {},
    }
    assert story.domain.is_ready
    assert story.domain.updated_at == story.now
    assert story.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == []
    left = leftover_records(story.domain, [], being_removed=False)
    left_behind = [
        {
            "type": "CNAME",
            "name": NAME,
            "value": story.domain.cname_target,
            "zone": "customer.com",
            "written_by_us": False,
            "being_removed": False,
        }
    ]
    assert draft_removed_event(story.domain, left, RemovalReason.REQUESTED).data == domain_event_data(story.domain) | {
        "reason": "requested",
        "records_to_remove": left_behind,
    }


def test_everything_right_at_the_first_look_verifies_dns_before_it_activates() -> None:
    story = Story()
    assert story.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == ["dns.verified", "domain.active"]


def test_cloudflares_validation_alone_means_issuing_though_we_cannot_see_the_record() -> None:
    story = Story()
    story.look(DNS_FLATTENED, seen("pending", "pending_validation"))
    assert story.status == "pending_cname"
    story.look(DNS_FLATTENED, seen("active", "pending_validation"))
    assert story.status == "issuing"
    assert story.look(DNS_FLATTENED, seen("active", "active", certificate("01"))) == ["domain.active"]
    assert story.domain.is_ready


def test_while_pending_a_failed_check_is_told_when_what_is_wrong_changes() -> None:
    story = Story()
    told = [story.look(check) for check in (DNS_MISSING, DNS_MISSING, DNS_WRONG, DNS_WRONG, DNS_MISSING)]
    assert told == [["dns.check_failed"], [], ["dns.check_failed"], [], ["dns.check_failed"]]
    (draft,) = story.drafts
    assert draft.data["findings"][0]["code"] == "cname_missing"
    assert draft.data["findings"][0]["fix"] == {"type": "CNAME", "name": NAME, "value": "edge.saas.net"}


def test_issuing_falls_back_to_pending_only_after_two_failed_checks() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("pending", "pending_validation"))
    assert story.look(DNS_MISSING, seen("pending", "pending_validation")) == []
    assert story.status == "issuing"
    assert story.look(DNS_MISSING, seen("pending", "pending_validation")) == ["dns.check_failed"]
    assert story.status == "pending_cname"
    assert story.drafts[0].data["status"] == "pending_cname"


def test_issuing_on_cloudflares_word_alone_does_not_fall_back_on_that_word_alone() -> None:
    story = Story()
    story.look(DNS_FLATTENED, seen("active", "pending_validation"))
    statuses = []
    for check in (DNS_FLATTENED, DNS_FLATTENED, DNS_MISSING, DNS_MISSING):
        story.look(check, seen("pending", "pending_validation"))
        statuses.append(story.status)
    assert statuses == ["issuing", "issuing", "issuing", "pending_cname"]


def test_a_hostname_that_cloudflare_validated_stays_issuing_whatever_dns_says() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("active", "pending_validation"))
    for _ in range(3):
        story.look(DNS_MISSING)
    assert story.status == "issuing"


def test_a_cname_removed_from_an_active_domain_is_told_after_the_second_check_and_it_stays_active() -> None:
    story = active_story()
    told = [story.look(DNS_MISSING, seen("active", "active", certificate("01"))) for _ in range(3)]
    assert told == [[], ["dns.check_failed"], []]
    assert story.status == "active"
    assert story.domain.dns_state is DnsState.FAILED
    assert not story.domain.is_ready
    assert story.look(DNS_RIGHT) == ["dns.verified"]
    assert story.domain.is_ready


def test_two_failed_checks_count_only_in_a_row() -> None:
    story = active_story()
    told = [story.look(check) for check in (DNS_MISSING, DNS_RIGHT, DNS_MISSING, DNS_RIGHT, DNS_MISSING)]
    assert told == [[]] * 5
    assert story.domain.dns_state is DnsState.VERIFIED


def test_a_check_that_nobody_answered_changes_nothing_and_does_not_break_the_row() -> None:
    for story in (Story(), active_story()):
        before = story.domain
        assert story.look(DNS_UNANSWERED) == []
        assert story.domain.checks_since_change == before.checks_since_change + 1
        assert (story.domain.status, story.domain.dns_state) == (before.status, before.dns_state)
        assert (story.domain.dns_checked_at, story.domain.findings) == (before.dns_checked_at, before.findings)
    story = active_story()
    assert [story.look(check) for check in (DNS_MISSING, DNS_UNANSWERED, DNS_MISSING)] == [[], [], ["dns.check_failed"]]


def test_one_pending_of_cloudflares_is_doubted_and_the_second_in_a_row_believed() -> None:
    story = active_story()
    assert story.look(DNS_RIGHT, seen("pending", "active", certificate("01"))) == []
    assert story.status == "active"
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    story.look(DNS_RIGHT, seen("pending", "active", certificate("01")))
    assert story.status == "active"
    assert story.look(DNS_RIGHT, seen("pending", "active", certificate("01"))) == []
    assert story.status == "issuing"
    assert story.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == ["domain.active"]


@pytest.mark.parametrize(
    ("status", "code"),
    [("blocked", "blocked"), ("moved", "moved"), ("deleted", "deleted"), ("pending_deletion", "deleted")],
)
def test_what_cloudflare_gives_up_is_an_error_told_once_with_what_it_says(status: str, code: str) -> None:
    story = active_story()
    lost = seen(status, "active", certificate("01"), errors=("held zone",))
    assert story.look(DNS_RIGHT, lost) == ["domain.error"]
    assert story.drafts[0].data["error"]["code"] == story.error_code == code
    assert "held zone" in story.drafts[0].data["error"]["message"]
    assert story.look(DNS_RIGHT, lost) == []
    assert story.domain.expires_at == certificate("01").expires_at


def test_an_error_whose_code_changes_is_told_again() -> None:
    story = active_story()
    assert story.look(seen("moved", "active")) == ["domain.error"]
    assert story.look(seen("deleted", "deleted")) == ["domain.error"]
    assert story.look(CloudflareHostnameAbsence()) == []
    assert story.error_code == "deleted"


def test_a_refused_registration_is_an_error_with_cloudflares_own_code() -> None:
    story = Story()
    assert story.look(RegistrationRefusal("zone_hold", "The zone is on hold.")) == ["domain.error"]
    assert story.drafts[0].data["error"] == {"code": "zone_hold", "message": "The zone is on hold."}


@pytest.mark.parametrize(
    ("ssl", "stage"),
    [("validation_timed_out", "validation"), ("issuance_timed_out", "issuance"), ("timed_out", "validation")],
)
def test_a_stage_that_timed_out_is_named(ssl: str, stage: str) -> None:
    story = Story()
    assert story.look(seen("pending", ssl, errors=("caa_error: x",))) == ["domain.error"]
    assert story.error_code == ssl
    assert story.domain.error is not None
    assert story.domain.error.message == (
        f"The {stage} of {NAME}'s certificate took too long, and Cloudflare stopped trying. "
        "It is started again once DNS is right. Cloudflare says: caa_error: x"
    )


def test_a_moved_domain_comes_back_once_its_record_does() -> None:
    story = active_story()
    story.look(DNS_MISSING, seen("active", "active", certificate("01")))
    assert story.look(DNS_MISSING, seen("moved", "active", certificate("01"))) == ["dns.check_failed", "domain.error"]
    assert story.look(DNS_RIGHT) == ["dns.verified"]
    assert story.status == "error"
    assert story.last.needs_revalidation
    assert story.look(DNS_RIGHT, seen("pending", "pending_validation")) == []
    assert story.status == "issuing"
    assert story.look(DNS_RIGHT, seen("active", "pending_validation")) == []
    assert story.status == "issuing"
    assert story.look(DNS_RIGHT, seen("active", "active", certificate("01"))) == ["domain.active"]


def test_a_certificate_that_is_gone_does_not_serve_while_its_successor_is_ordered() -> None:
    story = active_story()
    assert story.look(seen("active", "deleted")) == ["domain.error"]
    assert story.error_code == "certificate_gone"
    for ssl in ("initializing", "pending_validation", "pending_issuance"):
        assert story.look(seen("active", ssl)) == []
        assert story.status == "issuing"
    assert story.look(seen("active", "pending_deployment", certificate("02", days=91))) == []
    assert story.status == "issuing"
    story.look(seen("active", "active", certificate("02", days=91)))
    assert story.status == "active"


def test_dns_turning_right_asks_for_one_revalidation_where_cloudflare_still_waits() -> None:
    story = Story()
    asked = []
    for check in (DNS_MISSING, DNS_RIGHT, DNS_RIGHT, DNS_MISSING, DNS_RIGHT):
        story.look(check, seen("pending", "pending_validation"))
        asked.append(story.last.needs_revalidation)
    # The last check but one was not believed, so the last turned nothing right.
    assert asked == [False, True, False, False, False]


def test_no_revalidation_is_asked_for_before_registration_nor_once_it_is_active() -> None:
    unregistered = Story()
    unregistered.look(DNS_RIGHT)
    assert not unregistered.last.needs_revalidation
    overtaken = Story()
    overtaken.look(seen("pending", "pending_validation"))
    overtaken.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    assert overtaken.status == "active"
    assert not overtaken.last.needs_revalidation
    drifted = active_story()
    for check in (DNS_MISSING, DNS_MISSING, DNS_RIGHT):
        drifted.look(check)
    assert drifted.domain.dns_state is DnsState.VERIFIED
    assert not drifted.last.needs_revalidation


def test_looks_are_counted_since_the_last_change_of_status_or_dns_state() -> None:
    story = Story()
    counts = []
    looks: list[tuple[Observation, ...]] = [
        (DNS_UNANSWERED,), (DNS_MISSING,), (DNS_MISSING,), (DNS_WRONG,), (DNS_RIGHT,), (DNS_RIGHT,), (),
        (seen("active", "active", certificate("01")),), (DNS_RIGHT,),
    ]  # fmt: skip
    for observations in looks:
        story.look(*observations)
        counts.append(story.domain.checks_since_change)
    assert counts == [1, 0, 1, 2, 0, 1, 2, 0, 1]


def test_the_raw_facts_stand_beside_the_status() -> None:
    story = Story()
    story.wait(HOUR)
    story.look(DNS_MISSING, seen("pending", "pending_validation", errors=("does not CNAME",)))
    domain = story.domain
    assert (domain.cf_status, domain.cf_ssl_status, domain.cf_errors) == (
        "pending",
        "pending_validation",
        ("does not CNAME",),
    )
    assert (domain.dns_checked_at, domain.cf_checked_at) == (NOW + HOUR, NOW + HOUR)


def test_an_uneventful_look_leaves_the_moment_of_the_last_change() -> None:
    story = active_story()
    changed_at = story.domain.updated_at
    story.wait(DAY)
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    assert story.domain.updated_at == changed_at
    assert story.domain.cf_checked_at == story.now
    story.look(DNS_RIGHT)
    assert story.domain.updated_at == changed_at
    story.wait(MINUTE)
    story.look(DNS_MISSING)
    assert story.domain.updated_at == story.now


def test_cloudflare_is_not_told_to_look_again_while_it_issues() -> None:
    for status, ssl in (("active", "pending_issuance"), ("active", "pending_deployment"), ("deleted", "deleted")):
        story = Story()
        story.look(DNS_MISSING, seen("pending", "pending_validation"))
        story.look(DNS_RIGHT, seen(status, ssl))
        assert not story.last.needs_revalidation
    for status, ssl in (("pending", "pending_validation"), ("active", "pending_validation"), ("moved", "active")):
        story = Story()
        story.look(DNS_MISSING, seen("pending", "pending_validation"))
        story.look(DNS_RIGHT, seen(status, ssl))
        assert story.last.needs_revalidation


def test_a_first_order_that_was_started_again_does_not_serve_by_what_it_had_issued() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("active", "pending_deployment", certificate("01")))
    story.look(DNS_RIGHT, seen("active", "initializing", certificate("01")))
    assert story.status == "issuing"
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    assert story.status == "active"


def test_a_domain_that_was_just_added_has_no_other_event_than_being_added() -> None:
    assert Story(added_domain()).look() == []
