"""What is done at Cloudflare for a domain that does not come back by itself, and how often."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence, RegistrationRefusal
from dcvd.core.domains.remedy_waits import REMEDY_DELAYS_MS
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.remedies import (
    Remedy,
    RemedyKind,
    choose_remedy,
    needs_patch,
    propose_remedy,
    restart_remedy_wait,
)
from tests.core.builders import (
    DNS_FLATTENED,
    DNS_MISSING,
    DNS_RIGHT,
    NOW,
    Story,
    active_story,
    added_domain,
    certificate,
    pointing_here,
    seen,
)

CAA = "CAA records block issuance of this certificate."
HELD = "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed."
TIMED_OUT = seen("pending", "validation_timed_out")


def remedies(story: Story, answer: CloudflareHostname, *, every: int, times: int) -> list[int]:
    """When a remedy was given, in milliseconds since the first of `times` looks."""
    start, found = story.now, []
    for _ in range(times):
        story.look(DNS_RIGHT, answer)
        if story.remedy is not None:
            found.append(story.now - start)
        story.wait(every)
    return found


@pytest.mark.parametrize(
    "answer",
    [
        TIMED_OUT,
        seen("active", "issuance_timed_out"),
        seen("active", "deployment_timed_out"),
        seen("active", "deletion_timed_out"),
        seen("active", "timed_out"),
        seen("moved", "active"),
        seen("deleted", "deleted"),
        seen("active", "expired"),
        seen("active", "deleted"),
    ],
    ids=lambda answer: f"{answer.status} {answer.ssl_status}",
)
def test_what_cloudflare_gave_up_is_started_again_at_once_where_dns_is_right(answer: CloudflareHostname) -> None:
    story = Story()
    story.look(DNS_RIGHT, answer)
    assert (story.status, story.remedy) == ("error", "revalidate")
    assert (story.domain.remedies_applied, story.domain.remedy_wait_started_at) == (1, story.now)
    story.look(DNS_RIGHT, answer)
    assert story.remedy is None


def test_steps_grow_to_a_day_while_it_does_not_help() -> None:
    times = remedies(Story(), TIMED_OUT, every=30 * MINUTE, times=48 * 7)
    waits = [after - before for before, after in pairwise(times)]
    assert times[0] == 0
    assert waits[:3] == [HOUR, 4 * HOUR, 12 * HOUR]
    assert set(waits[3:]) == {DAY}
    assert REMEDY_DELAYS_MS[-1] == DAY


def test_no_two_remedies_come_closer_than_their_step_however_often_it_is_looked_at() -> None:
    assert remedies(Story(), TIMED_OUT, every=MINUTE, times=60) == [0]


def test_a_relapse_soon_after_it_went_well_waits_for_its_step() -> None:
    story = Story()
    story.look(DNS_RIGHT, TIMED_OUT)
    assert story.remedy == "revalidate"
    for _ in range(3):
        story.wait(MINUTE)
        story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
        story.wait(MINUTE)
        story.look(DNS_RIGHT, seen("active", "deployment_timed_out", certificate("01")))
        assert story.remedy is None
    story.wait(HOUR)
    story.look(DNS_RIGHT, seen("active", "deployment_timed_out", certificate("01")))
    assert story.remedy == "revalidate"


def test_once_it_went_well_for_a_step_the_next_trouble_is_mended_at_once() -> None:
    story = Story()
    for _ in range(8):
        story.look(DNS_RIGHT, TIMED_OUT)
        story.wait(DAY)
    assert story.domain.remedies_applied == 8
    for wait in (HOUR, DAY):
        story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
        story.wait(wait)
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    assert (story.domain.remedies_applied, story.domain.remedy_wait_started_at) == (0, None)
    story.look(DNS_RIGHT, seen("moved", "active", certificate("01")))
    assert story.remedy == "revalidate"


def test_waiting_is_not_yet_well_so_the_steps_go_on_growing() -> None:
    story = Story()
    for _ in range(3):
        story.look(DNS_RIGHT, TIMED_OUT)
        assert story.remedy == "revalidate"
        story.look(DNS_RIGHT, seen("pending", "pending_validation"))
        story.wait(DAY)
        story.look(DNS_RIGHT, seen("pending", "pending_validation"))
    assert story.domain.remedies_applied == 3


@pytest.mark.parametrize("answer", [seen("moved", "active"), TIMED_OUT, seen("active", "issuance_timed_out")])
def test_where_dns_does_not_point_here_cloudflares_clock_is_set_back_only_every_three_days(
    answer: CloudflareHostname,
) -> None:
    story, times = Story(), []
    for hours in range(0, 9 * 24, 4):
        story.look(DNS_MISSING, answer)
        if story.remedy is not None:
            times.append(hours)
        story.wait(4 * HOUR)
    assert times == [72, 144]


def test_a_domain_moved_again_stands_as_moved_for_days_before_its_clock_is_set_back_again() -> None:
    story = Story()
    for _ in range(2):
        story.look(DNS_MISSING, seen("moved", "active"))
        assert (story.status, story.remedy) == ("error", None)
        story.wait(3 * DAY)
        story.look(DNS_MISSING, seen("moved", "active"))
        assert story.remedy == "revalidate"
        for _ in range(7):
            story.look(DNS_MISSING, seen("pending", "pending_validation"))
            story.wait(DAY)
        assert story.status == "pending_cname"


def test_a_moved_domain_whose_record_comes_back_does_not_wait_for_the_slow_step() -> None:
    story = Story()
    story.look(DNS_MISSING, seen("moved", "active"))
    story.wait(HOUR)
    story.look(DNS_RIGHT, seen("moved", "active"))
    assert story.remedy == "revalidate"


@pytest.mark.parametrize("state", [DnsState.UNKNOWN, DnsState.UNVERIFIABLE, DnsState.VERIFIED])
def test_a_record_that_nobody_can_see_is_given_the_benefit_of_the_doubt(state: DnsState) -> None:
    domain = replace(added_domain(), cf_id="cf", cf_status="moved", dns_state=state)
    assert choose_remedy(domain, NOW, ())[1] == Remedy(RemedyKind.REVALIDATE)


def test_txt_records_that_a_customer_is_placing_are_never_made_void() -> None:
    story = Story()
    for status, ssl in (("pending", "pending_validation"), ("moved", "pending_validation"), ("active", "active")):
        for _ in range(10):
            story.look(DNS_MISSING, seen(status, ssl, waits_for_txt=True, validation_errors=(CAA,)))
            assert story.remedy is None
            story.look(DNS_RIGHT, seen(status, ssl, waits_for_txt=True))
            assert story.remedy is None
            story.wait(DAY)
    story.look(DNS_RIGHT, seen("pending", "validation_timed_out", waits_for_txt=True))
    assert story.remedy == "revalidate"


def test_tokens_of_a_delegated_challenge_are_cloudflares_own_to_place() -> None:
    domain = replace(
        added_domain(), validation="delegated", cf_id="cf", cf_status="moved", cf_ssl_status="pending_validation",
        waits_for_txt=True, dns_state=DnsState.VERIFIED,
    )  # fmt: skip
    assert choose_remedy(domain, NOW, ())[1] is None
    assert choose_remedy(replace(domain, challenge_verified=True), NOW, ())[1] == Remedy(RemedyKind.REVALIDATE)


def test_a_wildcard_is_proven_by_its_challenge_alone() -> None:
    domain = replace(
        added_domain(), validation="delegated", wildcard=True, cf_id="cf", cf_status="active",
        cf_ssl_status="validation_timed_out", status=DomainStatus.ERROR, dns_state=DnsState.VERIFIED,
    )  # fmt: skip
    found = propose_remedy(domain, ())
    assert found is not None
    assert found.least_wait_ms == 3 * DAY
    found = propose_remedy(replace(domain, challenge_verified=True), ())
    assert found is not None
    assert found.least_wait_ms == 0


def test_what_still_serves_is_not_touched_while_dns_could_not_prove_it_again() -> None:
    story = active_story()
    story.look(DNS_MISSING)
    story.look(DNS_MISSING)
    for _ in range(20):
        story.wait(DAY)
        story.look(DNS_MISSING, seen("active", "validation_timed_out", certificate("01")))
        assert (story.status, story.remedy) == ("active", None)
    story.look(DNS_RIGHT, seen("active", "validation_timed_out", certificate("01")))
    assert (story.status, story.remedy) == ("active", "revalidate")


def test_a_hold_that_may_have_been_released_is_tried_now_and_then_and_any_other_block_never() -> None:
    held, blocked = Story(), Story()
    assert remedies(held, seen("blocked", "initializing", errors=(HELD,)), every=4 * HOUR, times=13)[:4] == [
        4 * HOUR,
        8 * HOUR,
        12 * HOUR,
        24 * HOUR,
    ]
    assert (held.status, held.error_code) == ("error", "blocked")
    assert remedies(blocked, seen("blocked", "initializing"), every=DAY, times=30) == []
    assert (blocked.status, blocked.error_code) == ("error", "blocked")


def test_a_blocked_domain_is_told_once_however_often_it_is_tried() -> None:
    story, told = Story(), []
    for _ in range(40):
        told += story.look(DNS_RIGHT, seen("blocked", "initializing", errors=(HELD,)))
        story.wait(6 * HOUR)
    assert told == ["dns.verified", "domain.error"]


def test_a_hostname_that_is_gone_is_told_and_then_registered_again_without_its_old_id() -> None:
    story = active_story()
    assert story.look(CloudflareHostnameAbsence(story.domain.cf_id)) == ["domain.error"]
    assert story.drafts[0].data["error"]["code"] == "deleted"
    assert "registered again by itself" in story.drafts[0].data["error"]["message"]
    assert (story.remedy, story.domain.cf_id) == ("register_again", None)
    assert story.look(DNS_RIGHT) == []
    assert story.remedy is None
    assert story.look(DNS_RIGHT, seen("pending", "initializing", id="new")) == []
    assert (story.status, story.domain.cf_id) == ("issuing", "new")
    assert "domain.active" in story.look(DNS_RIGHT, seen("active", "active", certificate("02", days=91), id="new"))


def test_a_hostname_that_is_deleted_over_and_over_is_registered_again_at_most_once_per_step() -> None:
    story, times = pointing_here(), []
    for hour in range(24 * 7):
        cf_id = f"cf-{hour}"
        story.look(DNS_RIGHT, seen("pending", "initializing", id=cf_id))
        story.look(CloudflareHostnameAbsence(cf_id))
        if story.remedy is not None:
            times.append(hour)
        story.wait(HOUR)
    assert times == [0, 1, 2, 6, 18, 42, 66, 90, 114, 138, 162]


def test_one_that_is_listed_as_deleted_is_brought_back_and_if_that_does_not_help_registered_again() -> None:
    story, given = Story(), []
    for _ in range(3):
        story.look(DNS_RIGHT, seen("deleted", "deleted"))
        given.append(story.remedy)
        story.wait(DAY)
    assert given == ["revalidate", "register_again", "register_again"]


def test_a_deletion_under_way_is_waited_out() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("pending_deletion", "pending_deletion"))
    assert (story.status, story.remedy) == ("error", None)


def test_an_answer_about_an_id_that_was_given_up_changes_nothing() -> None:
    story = active_story()
    old = story.domain.cf_id
    story.look(CloudflareHostnameAbsence(old))
    story.look(seen("pending", "initializing", id="new"))
    before = story.domain
    assert story.look(CloudflareHostnameAbsence(old)) == []
    assert story.look(seen("deleted", "deleted")) == []
    assert (story.domain.cf_id, story.domain.status, story.domain.cf_status) == ("new", before.status, "pending")


def test_a_registration_that_was_refused_for_good_is_not_tried_again_by_itself() -> None:
    story = active_story()
    story.look(CloudflareHostnameAbsence())
    story.look(RegistrationRefusal("hostname_taken", "Somebody else has it."))
    story.wait(10 * DAY)
    story.look(DNS_RIGHT)
    assert (story.error_code, story.remedy) == ("hostname_taken", None)


def test_nothing_is_done_for_a_domain_that_goes_its_way() -> None:
    for status, ssl in [
        ("pending", "initializing"),
        ("pending", "pending_validation"),
        ("active", "pending_issuance"),
        ("active", "pending_deployment"),
        ("active", "active"),
        ("active_redeploying", "active"),
    ]:
        story = Story()
        story.look(DNS_FLATTENED, seen(status, ssl, certificate("01")))
        assert story.remedy is None
        assert (story.domain.remedies_applied, story.domain.remedy_wait_started_at) == (0, None)


def test_dns_that_turns_right_again_and_again_is_told_to_cloudflare_once_per_step() -> None:
    story, told = Story(), []
    for hour in range(5 * 24):
        for check in (DNS_MISSING, DNS_MISSING, DNS_RIGHT):
            story.look(check, seen("pending", "pending_validation"))
            if story.remedy is not None:
                told.append(hour)
            story.wait(20 * MINUTE)
    waits = [later - sooner for sooner, later in pairwise(told)]
    assert told[:2] == [0, 1]
    assert len(waits) == 6
    assert all(wait >= step for wait, step in zip(waits, (1, 4, 12, 24, 24), strict=False))


def test_a_domain_that_comes_and_goes_is_treated_at_the_next_step_each_time() -> None:
    story, given = Story(), []
    for hour in range(48):
        for status, ssl in (("moved", "active"), ("active", "active")):
            story.look(DNS_RIGHT, seen(status, ssl, certificate("01")))
            if story.remedy is not None:
                given.append(hour)
            story.wait(30 * MINUTE)
    assert given == [0, 1, 5, 17, 41]


def test_a_clock_that_was_put_back_stops_no_healing() -> None:
    story = Story()
    story.wait(400 * DAY)
    story.look(DNS_RIGHT, TIMED_OUT)
    assert story.remedy == "revalidate"
    story.now = NOW
    story.look(DNS_RIGHT, TIMED_OUT)
    assert story.remedy == "revalidate"
    story.look(DNS_RIGHT, TIMED_OUT)
    assert story.remedy is None


def test_a_job_that_had_to_wait_counts_from_when_it_was_done() -> None:
    story = Story()
    story.look(DNS_RIGHT, TIMED_OUT)
    story.wait(10 * DAY)
    story.domain = restart_remedy_wait(story.domain, story.now)
    story.look(DNS_RIGHT, TIMED_OUT)
    assert story.remedy is None


def test_a_patch_is_still_wanted_only_as_long_as_it_would_help() -> None:
    def domain(**changes: object) -> Domain:
        members: dict[str, object] = {"cf_id": "cf", "cf_status": "pending", "cf_ssl_status": "pending_validation"}
        return replace(added_domain(), **(members | changes))

    assert needs_patch(domain(), ())
    assert needs_patch(domain(cf_status="moved"), ())
    assert needs_patch(domain(cf_status="active", cf_ssl_status="issuance_timed_out"), ())
    assert not needs_patch(domain(cf_id=None), ())
    assert not needs_patch(domain(waits_for_txt=True), ())
    assert not needs_patch(domain(cf_status="active", cf_ssl_status="pending_issuance"), ())
    assert not needs_patch(domain(cf_status="active", cf_ssl_status="active", status=DomainStatus.ACTIVE), ())
