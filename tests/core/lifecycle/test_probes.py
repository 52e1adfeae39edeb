"""When what serves a hostname is probed, and what the domain keeps of it."""

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import EdgeObservation, EdgeOutcome, ProbeMode
from dcvd.core.domains.domain import Domain, DomainStatus, Finding
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.probes import wants_probe
from dcvd.core.lifecycle.schedule import CheckPolicy, count_incomplete_checks, next_check_at
from tests.core.builders import DNS_MISSING, DNS_RIGHT, Story, active_story, added_domain, certificate, seen

EXPIRED = EdgeObservation(outcome=EdgeOutcome.WRONG_CERTIFICATE, address="192.0.2.1", fault="It has expired.")
SERVING = EdgeObservation(outcome=EdgeOutcome.SERVING, address="192.0.2.1")
UNKNOWN = EdgeObservation(outcome=EdgeOutcome.UNKNOWN)
OFF = EdgeObservation(outcome=EdgeOutcome.NOT_PROBED)
ACTIVE = seen("active", "active", certificate("01"))
FAULT = Finding(code="edge_unreachable", severity="error", actor="operator", message="It does not answer.")
ISSUING = replace(added_domain(), status=DomainStatus.ISSUING)
SERVED = replace(added_domain(), status=DomainStatus.ACTIVE, edge_probed_at=1)


@pytest.mark.parametrize(
    ("domain", "hostname", "modes"),
    [
        (ISSUING, ACTIVE, {"activation", "always"}),
        (ISSUING, seen("pending", "active"), set()),
        (ISSUING, seen("active", "pending_deployment"), set()),
        (ISSUING, None, set()),
        (SERVED, ACTIVE, {"always"}),
        (SERVED, None, {"always"}),
        (SERVED, seen("active", "pending_issuance"), {"always"}),
        (SERVED, seen("moved", "active"), set()),
        (replace(SERVED, edge_probed_at=None), ACTIVE, {"activation", "always"}),
        (replace(SERVED, findings=(FAULT,)), ACTIVE, {"activation", "always"}),
        (replace(SERVED, dormant_since=1, findings=(FAULT,)), ACTIVE, set()),
        (replace(ISSUING, is_contested=True), ACTIVE, set()),
    ],
    ids=[
        "it becomes active",
        "not validated",
        "not deployed",
        "Cloudflare is silent before it was active",
        "active",
        "active, and Cloudflare is silent",
        "its certificate is renewed",
        "given up",
        "nobody has seen yet what serves it",
        "the last probe saw a fault",
        "dormant",
        "whose it is is not proved",
    ],
)
def test_each_mode_has_its_occasions(domain: Domain, hostname: CloudflareHostname | None, modes: set[str]) -> None:
    all_modes: tuple[ProbeMode, ...] = ("activation", "always", "never")
    assert {mode for mode in all_modes if wants_probe(domain, hostname, mode, is_requested=False)} == modes


def test_a_person_who_asks_for_a_check_has_it_probed() -> None:
    assert wants_probe(SERVED, ACTIVE, "activation", is_requested=True)
    assert not wants_probe(SERVED, ACTIVE, "never", is_requested=True)
    assert not wants_probe(ISSUING, seen("pending", "active"), "activation", is_requested=True)


def codes(story: Story) -> list[str]:
    return [finding.code for finding in story.domain.findings]


def faulty_story() -> Story:
    """A domain that serves an expired certificate, for an hour now."""
    story = active_story()
    story.wait(HOUR)
    story.look(DNS_RIGHT, ACTIVE, EXPIRED)
    assert codes(story) == ["edge_wrong_certificate"]
    assert not story.domain.is_ready
    return story


def test_a_fault_at_activation_keeps_it_from_being_ready_and_makes_no_other_events() -> None:
    story = Story()
    events = story.look(DNS_RIGHT, ACTIVE, EXPIRED)
    assert events == ["dns.verified", "domain.active"]
    assert (story.status, story.domain.is_ready) == ("active", False)
    assert [finding.actor for finding in story.domain.findings] == ["nobody"]


def test_a_probe_never_makes_a_domain_ready() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("pending", "active"), SERVING)
    assert not story.domain.is_ready


def test_what_was_seen_stays_until_a_probe_sees_otherwise() -> None:
    story = faulty_story()
    (first,) = story.domain.findings
    for observations in ((DNS_RIGHT,), (DNS_RIGHT, ACTIVE), (DNS_RIGHT, ACTIVE, UNKNOWN), (DNS_RIGHT, ACTIVE, EXPIRED)):
        story.wait(MINUTE)
        assert story.look(*observations) == []
        assert story.domain.findings == (first,)
    story.wait(MINUTE)
    story.look(DNS_RIGHT, ACTIVE, SERVING)
    assert (codes(story), story.domain.ready_since) == ([], story.now)


def test_a_fault_that_no_probe_confirms_for_a_day_is_forgotten() -> None:
    story = faulty_story()
    story.wait(DAY)
    story.look(DNS_RIGHT, ACTIVE, UNKNOWN)
    assert codes(story) == ["edge_wrong_certificate"]
    story.wait(MINUTE)
    story.look(DNS_RIGHT, ACTIVE, UNKNOWN)
    assert (codes(story), story.domain.edge_probed_at) == ([], None)


def test_it_is_probed_anew_once_it_leads_here_again_or_was_active_again() -> None:
    story = faulty_story()
    probed = [story.domain.edge_probed_at == story.now]
    story.look(DNS_MISSING, ACTIVE, EXPIRED)
    probed.append(story.domain.edge_probed_at is not None)
    assert probed == [True, False]
    story.look(DNS_RIGHT, ACTIVE, EXPIRED)
    assert codes(story) == ["edge_wrong_certificate"]
    for _ in range(2):
        story.wait(DAY)
        story.look(DNS_RIGHT, seen("moved", "active"))
    assert story.domain.edge_probed_at is None


def test_where_probes_are_switched_off_nothing_of_them_stays() -> None:
    story = faulty_story()
    story.look(DNS_RIGHT, ACTIVE, OFF)
    assert (codes(story), story.domain.is_ready) == ([], True)


def test_where_dns_leads_elsewhere_or_cloudflare_gave_it_up_that_is_the_finding() -> None:
    story = faulty_story()
    story.look(DNS_MISSING, ACTIVE, EXPIRED)
    assert codes(story) == ["cname_missing"]
    story = faulty_story()
    for _ in range(2):
        story.wait(DAY)
        story.look(DNS_RIGHT, seen("moved", "active"))
    assert (story.status == "active", codes(story)) == (False, [])


def test_a_probe_is_no_answer_of_cloudflares() -> None:
    assert count_incomplete_checks(replace(SERVED, cf_id="id"), [DNS_RIGHT, SERVING]) == 1
    assert count_incomplete_checks(replace(SERVED, cf_id="id"), [DNS_RIGHT, ACTIVE, SERVING]) == 0


def test_a_fault_is_looked_at_again_soon_and_then_ever_more_rarely() -> None:
    policy = CheckPolicy(pending_interval_ms=MINUTE, active_interval_ms=DAY, expiry_thresholds_ms=())
    story = faulty_story()
    waits = []
    for passed in (0, 8 * MINUTE, 2 * HOUR, 2 * DAY):
        now = story.now + passed
        waits.append(next_check_at(story.domain, now, policy, 0.5) - now)
    assert waits == sorted(waits)
    assert waits[0] <= 2 * MINUTE
    assert waits[-1] <= 2 * HOUR
