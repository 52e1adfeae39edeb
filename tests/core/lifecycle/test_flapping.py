"""DNS and Cloudflare that come and go cost a bounded number of edits, checks and events a day, whatever they do."""

from collections import Counter
from collections.abc import Callable
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle import remedies
from dcvd.core.lifecycle.damping import TURN_INTERVAL_MS, TURNS_AT_ONCE, count_turn, held_turn_at, may_turn
from dcvd.core.lifecycle.schedule import next_check_at
from dcvd.core.lifecycle.transitions import LifecycleRules, apply_check
from tests.core.builders import (
    DNS_FLATTENED,
    DNS_MISSING,
    DNS_RIGHT,
    DNS_UNANSWERED,
    DNS_WRONG,
    NOW,
    THRESHOLDS,
    Story,
    active_story,
    added_domain,
    certificate,
    seen,
)
from tests.core.lifecycle.lives import POLICY
from tests.examples import examples

RULES: Final = LifecycleRules(expiry_thresholds_ms=THRESHOLDS)
PENDING: Final = seen("pending", "pending_validation")
ACTIVE: Final = seen("active", "active", certificate("01", days=365))
MOVED: Final = seen("moved", "active", certificate("01", days=365))
DNS: Final = (DNS_RIGHT, DNS_MISSING, DNS_WRONG, DNS_FLATTENED, DNS_UNANSWERED)
TURNS_PER_DAY: Final = DAY // TURN_INTERVAL_MS
MAX_EDITS: Final = 5
MAX_CHECKS: Final = 700
MAX_DNS_EVENTS: Final = TURNS_AT_ONCE + TURNS_PER_DAY + 1


class Day(Struct):
    """What one day cost."""

    edits: int = 0
    checks: int = 0
    dns_events: int = 0


def spend_days(
    domain: Domain,
    days: int,
    dns_at: Callable[[int], DnsObservation],
    answer_at: Callable[[int], CloudflareHostname],
) -> list[Day]:
    """What each day costs while checks are made when they are planned."""
    costs, now = [Day() for _ in range(days)], NOW
    while now < NOW + days * DAY:
        step = apply_check(domain, [dns_at(now), answer_at(now)], now, RULES)
        cost = costs[(now - NOW) // DAY]
        cost.checks += 1
        cost.edits += step.remedy is not None
        cost.dns_events += sum(draft.type.startswith("dns.") for draft in step.events)
        domain = step.domain
        next_remedy_at = remedies.next_remedy_at(domain, ())
        now = next_check_at(domain, now, POLICY, 0.0, next_remedy_at=next_remedy_at)
    return costs


@pytest.mark.parametrize("period", [MINUTE, 20 * MINUTE, HOUR, 5 * HOUR])
@pytest.mark.parametrize("answer", [PENDING, ACTIVE], ids=["pending", "active"])
def test_a_record_that_flaps_for_ten_days_is_damped(period: int, answer: CloudflareHostname) -> None:
    domain = replace(added_domain(), cf_id=answer.id)
    days = spend_days(domain, 10, lambda now: DNS_RIGHT if now // period % 2 == 0 else DNS_MISSING, lambda _: answer)
    assert max(day.edits for day in days) <= MAX_EDITS
    assert sum(day.edits for day in days) <= 15
    assert sum(day.checks for day in days) <= 2_500
    assert sum(day.dns_events for day in days) <= TURNS_AT_ONCE + 10 * TURNS_PER_DAY + 1


@given(
    st.lists(st.tuples(st.sampled_from([MINUTE, 10 * MINUTE, HOUR, 7 * HOUR]), st.sampled_from(DNS)), min_size=1),
    st.sampled_from([PENDING, ACTIVE, MOVED, seen("active", "validation_timed_out"), seen("blocked", "initializing")]),
    st.booleans(),
)
@examples(0.5)
def test_whatever_dns_does_a_day_has_a_bound_of_edits_checks_and_events(
    spells: list[tuple[int, DnsObservation]], answer: CloudflareHostname, follows: bool
) -> None:
    """`follows`: whether Cloudflare gives the hostname up whenever the record is wrong, and takes it back."""
    length = sum(wait for wait, _ in spells)

    def dns_at(now: int) -> DnsObservation:
        rest = (now - NOW) % length
        for wait, observation in spells:
            if rest < wait:
                return observation
            rest -= wait
        raise AssertionError("the spells are as long as all of them")

    def answer_at(now: int) -> CloudflareHostname:
        if not follows:
            return answer
        return ACTIVE if dns_at(now) in (DNS_RIGHT, DNS_FLATTENED) else MOVED

    for day in spend_days(replace(added_domain(), cf_id=answer.id), 3, dns_at, answer_at):
        assert day.edits <= MAX_EDITS
        assert day.checks <= MAX_CHECKS
        assert day.dns_events <= MAX_DNS_EVENTS


def test_a_record_may_turn_some_times_at_once_and_then_once_per_interval() -> None:
    domain, turns = added_domain(), 0
    for minute in range(24 * 60):
        now = NOW + minute * MINUTE
        if may_turn(domain, now):
            domain, turns = count_turn(domain, now), turns + 1
    assert turns == TURNS_AT_ONCE + TURNS_PER_DAY - 1


def test_a_clock_that_was_put_back_holds_no_turn_for_longer_than_all_turns_together() -> None:
    ahead = count_turn(added_domain(), NOW + 400 * DAY)
    assert not may_turn(ahead, NOW)
    assert may_turn(count_turn(replace(ahead, dns_settles_at=None), NOW), NOW)
    settled = replace(ahead, dns_settles_at=NOW - 1)
    assert may_turn(settled, NOW)


def flapped() -> Story:
    """A story whose record has turned as often as it may at once; it is wrong as far as is believed."""
    story = Story()
    while may_turn(story.domain, story.now):
        for observation in (DNS_RIGHT, DNS_MISSING, DNS_MISSING):
            story.look(observation, PENDING)
            story.wait(MINUTE)
    if story.domain.dns_state is not DnsState.FAILED:
        story.wait(TURN_INTERVAL_MS)
        story.look(DNS_MISSING, PENDING)
        story.look(DNS_MISSING, PENDING)
    assert story.domain.dns_state is DnsState.FAILED
    return story


def test_a_turn_that_is_held_back_changes_neither_state_nor_findings_and_is_checked_when_it_may_be_believed() -> None:
    story = flapped()
    assert story.look(DNS_RIGHT, PENDING) == []
    assert story.domain.dns_state is DnsState.FAILED
    assert [finding.code for finding in story.domain.findings] == ["cname_missing"]
    may_be_at = held_turn_at(story.domain)
    assert may_be_at is not None
    assert 0 < may_be_at - story.now <= TURN_INTERVAL_MS
    events: list[str] = []
    while story.now < may_be_at:
        story.wait_until(next_check_at(story.domain, story.now, POLICY, 0.0))
        events = story.look(DNS_RIGHT, PENDING)
    assert story.now == may_be_at
    assert events == ["dns.verified"]
    assert held_turn_at(story.domain) is None


def test_an_active_domain_whose_held_turn_stays_is_told_as_soon_as_that_may_be() -> None:
    story = active_story(certificate("01", days=365))
    story.domain = replace(story.domain, dns_settles_at=story.now + TURNS_AT_ONCE * TURN_INTERVAL_MS)
    events: list[str] = []
    while "dns.check_failed" not in events:
        events = story.look(DNS_MISSING, ACTIVE)
        story.wait_until(next_check_at(story.domain, story.now, POLICY, 0.0))
    assert story.now - NOW < TURN_INTERVAL_MS + HOUR


CERTIFICATES: Final = st.lists(
    st.builds(
        lambda serial, signature, issued, expires, issuer: CloudflareCertificate(
            serial=serial, signature=signature, issued_at=issued, expires_at=expires, issuer=issuer
        ),
        st.sampled_from(["01", "02", "03", None]),
        st.sampled_from(["SHA256WithRSA", "ECDSAWithSHA256", None]),
        st.sampled_from([NOW - DAY, NOW, None]),
        st.sampled_from([NOW + 6 * DAY, NOW + 90 * DAY, None]),
        st.sampled_from(["A", "B"]),
    ),
    min_size=1,
    max_size=4,
)


@given(CERTIFICATES, st.sampled_from(["active", "pending_validation", "pending_deployment", "validation_timed_out"]))
@examples(2)
def test_certificates_in_another_order_and_answers_that_repeat_change_nothing(
    certificates: list[CloudflareCertificate], ssl: str
) -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("active", ssl, *certificates, validation_errors=("one", "two")))
    story.look(DNS_RIGHT, seen("active", ssl, *certificates, validation_errors=("one", "two")))
    known = story.domain
    for order in permutations(certificates):
        story.wait(1)
        events = story.look(DNS_RIGHT, seen("active", ssl, *order, validation_errors=("two", "one")))
        assert events == []
        assert (story.domain.certificate, story.domain.next_certificate) == (known.certificate, known.next_certificate)
        assert (story.domain.status, story.domain.updated_at) == (known.status, known.updated_at)


def test_the_status_of_each_answer_is_counted_the_same_by_whatever_order() -> None:
    rsa = certificate("R", signature="SHA256WithRSA")
    ecdsa = certificate("E")
    story = active_story(rsa, ecdsa)
    serials: Counter[str | None] = Counter()
    for turn in range(6):
        story.wait(HOUR)
        story.look(DNS_RIGHT, seen("active", "active", *((ecdsa, rsa) if turn % 2 else (rsa, ecdsa))))
        assert story.domain.certificate is not None
        serials[story.domain.certificate.serial] += 1
    assert serials == {"E": 6}
    assert story.domain.updated_at == NOW
    assert story.status == DomainStatus.ACTIVE
