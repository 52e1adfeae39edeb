"""When a domain is looked at again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import HostnameGone
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.lifecycle.certificates import renewal_due_at, renewal_overdue_at, warning_moments
from dcvd.core.lifecycle.schedule import Lane, LookPolicy, lane, misses, next_look
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

POLICY = LookPolicy(pending_interval=MINUTE, active_interval=DAY, expiring_soon=THRESHOLDS)
FRACTIONS = st.floats(0, 1, exclude_max=True)


def wait(domain: Domain, now: int = NOW, fraction: float = 0.0) -> int:
    return next_look(domain, now, POLICY, fraction) - now


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
    waits = [wait(replace(added_domain(), status=status, looks=looks)) for looks in range(500)]
    assert waits == sorted(waits)
    assert waits[39] < 4 * HOUR
    assert set(waits[40:]) == {4 * HOUR}
    assert wait(replace(added_domain(), status=status, looks=500), fraction=0.999) <= 4 * HOUR * 1.2


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
    assert [wait(replace(domain, looks=looks)) for looks in range(4)] == [
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
    fast = LookPolicy(pending_interval=SECOND, active_interval=10 * SECOND, expiring_soon=THRESHOLDS)
    due = renewal_due_at(domain.certificate)
    assert next_look(domain, due, fast, 0.0) == due + 10 * SECOND


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
    delegated = active(validation="delegated", looks=60)
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
    for moment in (*warning_moments(domain.certificate, THRESHOLDS), domain.certificate.expires_at):
        assert next_look(domain, moment - MINUTE, POLICY, 0.999) == moment


@pytest.mark.parametrize("days", [365, 90, 47, 6])
def test_the_beginning_of_the_renewal_window_is_not_slept_through(days: int) -> None:
    domain, untold = active(days), replace(POLICY, expiring_soon=())
    assert domain.certificate is not None
    due = renewal_due_at(domain.certificate)
    assert next_look(domain, due - MINUTE, untold, 0.999) == due


def test_the_turn_of_a_remedy_brings_the_next_look_forward_and_one_that_has_passed_changes_nothing() -> None:
    domain = replace(added_domain(), status=DomainStatus.ERROR)
    for moment, expected in ((1, 1), (HOUR, HOUR), (5 * HOUR, 4 * HOUR), (0, 4 * HOUR), (-HOUR, 4 * HOUR)):
        planned = next_look(domain, NOW, POLICY, 0.0, healing_at=NOW + moment)
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
        days, status=status, dns_state=state, looks=looks, dns_failures=failures, doubts=doubts, cf_ssl_status=ssl
    )
    earliest, planned = next_look(domain, now, POLICY, 0.0), next_look(domain, now, POLICY, fraction)
    longest = DAY if status is DomainStatus.ACTIVE else 4 * HOUR
    assert now < earliest <= planned <= now + (earliest - now) * 1.2
    assert earliest <= now + longest
    if status is DomainStatus.ACTIVE and domain.certificate is not None and not doubts and not failures:
        moments = [*warning_moments(domain.certificate, THRESHOLDS), domain.certificate.expires_at]
        assert [moment for moment in moments if now < moment < planned] == []


@pytest.mark.parametrize(
    ("cf_id", "observations", "expected"),
    [
        ("cf-1", [DNS_RIGHT, seen("active", "active")], 0),
        ("cf-1", [DNS_RIGHT, HostnameGone()], 0),
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
    assert misses(replace(added_domain(), cf_id=cf_id, misses=3), observations) == expected


def test_what_missed_something_is_tried_again_soon_and_then_ever_more_rarely() -> None:
    waits = [wait(active(misses=count)) for count in range(1, 12)]
    assert waits[:6] == [MINUTE << step for step in range(6)]
    assert set(waits[6:]) == {HOUR}


@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_a_waiting_customer_who_missed_something_waits_no_longer_than_otherwise(count: int) -> None:
    for looks in (0, 5, 40):
        domain = replace(added_domain(), looks=looks)
        assert wait(replace(domain, misses=count)) <= wait(domain)


def test_domains_wait_in_the_lane_of_their_kind() -> None:
    assert lane(added_domain()) is Lane.WAITING
    assert lane(active()) is Lane.ROUTINE
    assert lane(replace(added_domain(), status=DomainStatus.ERROR)) is Lane.ROUTINE
    assert lane(active(misses=1)) is Lane.ROUTINE
    assert lane(active(misses=2)) is Lane.FAILING
    assert lane(replace(added_domain(), misses=2)) is Lane.FAILING
    # The second check decides, and is not to wait behind a million others.
    assert lane(active(doubts=1)) is Lane.WAITING
    assert lane(active(dns_failures=1)) is Lane.WAITING
    assert lane(active(dns_failures=2, dns_state=DnsState.FAILED)) is Lane.ROUTINE
    # Where nothing serves there is nothing for a second look to decide.
    assert lane(replace(added_domain(), status=DomainStatus.ERROR, doubts=1, dns_failures=1)) is Lane.ROUTINE
