"""When a domain is looked at again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.certificates import renewal_due_at, renewal_overdue_at, warning_moments
from dcvd.core.domain import Certificate, DnsState, Domain, DomainStatus
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.schedule import LookPolicy, next_look
from tests.core.builders import DNS_MISSING, NOW, THRESHOLDS, Story, active_story, added_domain, seen

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
    story.look(DNS_MISSING)
    assert wait(story.domain, story.now) == DAY


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
