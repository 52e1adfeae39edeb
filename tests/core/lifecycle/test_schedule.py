"""When a domain is looked at again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostnameAbsence
from dcvd.core.domains.renewals import renewal_due_at, renewal_overdue_at
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.lifecycle.certificates import warning_instants
from dcvd.core.lifecycle.schedule import CheckLane, CheckPolicy, choose_lane, count_incomplete_checks, next_check_at
from dcvd.core.lifecycle.transitions import Observation
from tests.core.builders import (
    DNS_MISSING,
    DNS_RIGHT,
    DNS_UNANSWERED,
    NOW,
    THRESHOLDS,
    Story,
    active_story,
    added_domain,
    seen,
)

POLICY = CheckPolicy(pending_interval_ms=MINUTE, active_interval_ms=DAY, expiry_thresholds_ms=THRESHOLDS)
FRACTIONS = st.floats(0, 1, exclude_max=True)


def wait(domain: Domain, now: int = NOW, fraction: float = 0.0) -> int:
    return next_check_at(domain, now, POLICY, fraction) - now


def active(days: float | None = 90, **changes: object) -> Domain:
    held = None if days is None else Certificate(serial="01", issued_at=NOW, expires_at=NOW + int(days * DAY))
    domain = replace(added_domain(), status=DomainStatus.ACTIVE, dns_state=DnsState.VERIFIED, certificate=held)
    return replace(domain, **changes)


def test_a_waiting_customer_is_looked_at_each_minute_at_first() -> None:
    story = Story()
    waits = []
    for _ in range(5):
        waits.append(wait(story.domain))
        story.wait(waits[-1])
        story.look(DNS_MISSING)
    assert waits[0] == MINUTE
    assert all(MINUTE <= each <= 75 * SECOND for each in waits)


@pytest.mark.parametrize("status", [DomainStatus.PENDING_CNAME, DomainStatus.ISSUING])
def test_a_waiting_domain_is_never_left_longer_than_four_hours_and_a_fifth(status: DomainStatus) -> None:
    waits = [wait(replace(added_domain(), status=status, checks_since_change=looks)) for looks in range(500)]
    assert waits == sorted(waits)
    assert waits[39] < 4 * HOUR
    assert set(waits[40:]) == {4 * HOUR}
    assert wait(replace(added_domain(), status=status, checks_since_change=500), fraction=0.999) <= 4 * HOUR * 1.2


def test_a_change_brings_the_short_steps_back() -> None:
    story = Story()
    for _ in range(60):
        story.look(DNS_MISSING)
    assert wait(story.domain) == 4 * HOUR
    story.look(seen("active", "pending_validation"))
    assert story.status == "issuing"
    assert wait(story.domain) == MINUTE


def test_a_hostname_that_is_still_initializing_is_asked_for_its_records_within_seconds() -> None:
    domain = replace(added_domain(), cf_ssl_status="initializing")
    assert [wait(replace(domain, checks_since_change=looks)) for looks in range(4)] == [
        5 * SECOND,
        5 * SECOND,
        5 * SECOND,
        int(MINUTE * 1.05**3),
    ]


def test_a_domain_in_error_is_looked_at_every_four_hours() -> None:
    assert wait(replace(added_domain(), status=DomainStatus.ERROR)) == 4 * HOUR


def test_a_healthy_active_domain_is_looked_at_once_a_day_spread_out() -> None:
    assert wait(active()) == DAY
    assert wait(active(days=None)) == DAY
    assert [wait(active(), fraction=fraction) for fraction in (0.25, 0.5, 0.75)] == [
        DAY + DAY * percent // 100 for percent in (5, 10, 15)
    ]


def test_in_its_renewal_window_a_domain_is_looked_at_every_four_hours_and_hourly_once_overdue() -> None:
    domain = active()
    assert domain.certificate is not None
    due, overdue = renewal_due_at(domain.certificate), renewal_overdue_at(domain.certificate)
    assert wait(domain, due) == 4 * HOUR
    assert wait(domain, overdue - 1) == 4 * HOUR
    assert wait(domain, overdue) == HOUR
    assert wait(domain, domain.certificate.expires_at + DAY) == HOUR


def test_a_shorter_configured_pace_holds_in_the_renewal_window_too() -> None:
    domain = active()
    assert domain.certificate is not None
    fast = CheckPolicy(pending_interval_ms=SECOND, active_interval_ms=10 * SECOND, expiry_thresholds_ms=THRESHOLDS)
    due = renewal_due_at(domain.certificate)
    assert next_check_at(domain, due, fast, 0.0) == due + 10 * SECOND


def test_after_one_failed_check_the_second_which_decides_comes_soon() -> None:
    story = active_story()
    story.look(DNS_MISSING)
    assert wait(story.domain, story.now) == MINUTE
    story.look(DNS_RIGHT)
    assert wait(story.domain, story.now) == DAY


def test_what_serves_without_a_record_that_it_needs_is_looked_at_as_one_that_waits_up_to_every_four_hours() -> None:
    story = active_story()
    story.look(DNS_MISSING)
    waits = []
    for _ in range(60):
        story.look(DNS_MISSING)
        waits.append(wait(story.domain, story.now))
    assert (waits[0], waits[-1]) == (MINUTE, 4 * HOUR)
    assert waits == sorted(waits)
    delegated = active(validation="delegated", wildcard=True, checks_since_change=60)
    assert wait(delegated) == 4 * HOUR
    assert wait(replace(delegated, challenge_verified=True)) == DAY


def test_after_one_doubt_of_cloudflares_the_second_which_decides_comes_soon() -> None:
    story = active_story()
    story.look(seen("pending", "active"))
    assert story.status == "active"
    assert wait(story.domain, story.now) == MINUTE


@pytest.mark.parametrize("days", [365, 90, 47, 6])
def test_a_threshold_and_the_expiry_itself_are_not_slept_through(days: int) -> None:
    domain = active(days)
    assert domain.certificate is not None
    for moment in (*warning_instants(domain.certificate, THRESHOLDS), domain.certificate.expires_at):
        assert next_check_at(domain, moment - MINUTE, POLICY, 0.999) == moment


@pytest.mark.parametrize("days", [365, 90, 47, 6])
def test_the_beginning_of_the_renewal_window_is_not_slept_through(days: int) -> None:
    domain, untold = active(days), replace(POLICY, expiry_thresholds_ms=())
    assert domain.certificate is not None
    due = renewal_due_at(domain.certificate)
    assert next_check_at(domain, due - MINUTE, untold, 0.999) == due


def test_the_turn_of_a_remedy_brings_the_next_look_forward_and_one_that_has_passed_changes_nothing() -> None:
    domain = replace(added_domain(), status=DomainStatus.ERROR)
    for moment, expected in ((1, 1), (HOUR, HOUR), (5 * HOUR, 4 * HOUR), (0, 4 * HOUR), (-HOUR, 4 * HOUR)):
        planned = next_check_at(domain, NOW, POLICY, 0.0, next_remedy_at=NOW + moment)
        assert planned - NOW == expected


@given(
    st.sampled_from(DomainStatus),
    st.sampled_from(DnsState),
    st.integers(0, 2000),
    st.integers(0, 3),
    st.integers(0, 3),
    st.none() | st.sampled_from([365, 90, 47, 6]),
    st.integers(-DAY, 400 * DAY),
    st.sampled_from([None, "initializing", "active", "never heard of"]),
    FRACTIONS,
)
def test_the_next_look_is_never_in_the_past_never_too_far_and_spread_upward_by_a_fifth(
    status: DomainStatus,
    state: DnsState,
    looks: int,
    failures: int,
    doubts: int,
    days: int | None,
    later: int,
    ssl: str | None,
    fraction: float,
) -> None:
    now = NOW + later
    domain = active(
        days,
        status=status,
        dns_state=state,
        checks_since_change=looks,
        dns_failures=failures,
        pending_reports=doubts,
        cf_ssl_status=ssl,
    )
    earliest, planned = next_check_at(domain, now, POLICY, 0.0), next_check_at(domain, now, POLICY, fraction)
    longest = DAY if status is DomainStatus.ACTIVE else 4 * HOUR
    assert now < earliest <= planned <= now + (earliest - now) * 1.2
    assert earliest <= now + longest
    if status is DomainStatus.ACTIVE and domain.certificate is not None and not doubts and not failures:
        moments = [*warning_instants(domain.certificate, THRESHOLDS), domain.certificate.expires_at]
        assert [moment for moment in moments if now < moment < planned] == []


@pytest.mark.parametrize(
    ("cf_id", "observations", "expected"),
    [
        ("cf-1", [DNS_RIGHT, seen("active", "active")], 0),
        ("cf-1", [DNS_RIGHT, CloudflareHostnameAbsence()], 0),
        ("cf-1", [DNS_MISSING, seen("active", "active")], 0),
        ("cf-1", [DNS_RIGHT], 4),
        ("cf-1", [DNS_UNANSWERED, seen("active", "active")], 4),
        ("cf-1", [DNS_UNANSWERED], 4),
        (None, [DNS_RIGHT], 0),
        (None, [DNS_UNANSWERED], 4),
        # What a job brought says nothing of whether a look could be made.
        ("cf-1", [seen("active", "active")], 3),
        ("cf-1", [], 3),
    ],
)
def test_a_look_that_missed_something_is_counted(
    cf_id: str | None, observations: list[Observation], expected: int
) -> None:
    assert count_incomplete_checks(replace(added_domain(), cf_id=cf_id, incomplete_checks=3), observations) == expected


def test_what_missed_something_is_tried_again_soon_and_then_ever_more_rarely() -> None:
    waits = [wait(active(incomplete_checks=count)) for count in range(1, 12)]
    assert waits[:6] == [MINUTE << step for step in range(6)]
    assert set(waits[6:]) == {HOUR}


@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_a_waiting_customer_who_missed_something_waits_no_longer_than_otherwise(count: int) -> None:
    for looks in (0, 5, 40):
        domain = replace(added_domain(), checks_since_change=looks)
        assert wait(replace(domain, incomplete_checks=count)) <= wait(domain)


def test_domains_wait_in_the_lane_of_their_kind() -> None:
    assert choose_lane(added_domain()) is CheckLane.WAITING
    assert choose_lane(active()) is CheckLane.ROUTINE
    assert choose_lane(replace(added_domain(), status=DomainStatus.ERROR)) is CheckLane.ROUTINE
    assert choose_lane(active(incomplete_checks=1)) is CheckLane.ROUTINE
    assert choose_lane(active(incomplete_checks=2)) is CheckLane.FAILING
    assert choose_lane(replace(added_domain(), incomplete_checks=2)) is CheckLane.FAILING
    # The second check decides, and is not to wait behind a million others.
    assert choose_lane(active(pending_reports=1)) is CheckLane.WAITING
    assert choose_lane(active(dns_failures=1)) is CheckLane.WAITING
    assert choose_lane(active(dns_failures=2, dns_state=DnsState.FAILED)) is CheckLane.ROUTINE
    # Where nothing serves there is nothing for a second look to decide.
    assert (
        choose_lane(replace(added_domain(), status=DomainStatus.ERROR, pending_reports=1, dns_failures=1))
        is CheckLane.ROUTINE
    )
