"""A claim that stays unproved for long gives its hostname back, sleeps, and wakes when its record appears."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.domain import Proof
from dcvd.core.instants import DAY, HOUR
from dcvd.core.lifecycle.schedule import CheckLane, CheckPolicy, choose_lane, next_check_at
from tests.core.builders import (
    DNS_FLATTENED,
    DNS_MISSING,
    DNS_RIGHT,
    DNS_UNANSWERED,
    NOW,
    THRESHOLDS,
    Story,
    added_domain,
    dns,
    seen,
)

POLICY = CheckPolicy(pending_interval_ms=60_000, active_interval_ms=DAY, expiry_thresholds_ms=THRESHOLDS)


def look_for(story: Story, duration_ms: int, *, step_ms: int = 4 * HOUR) -> list[str]:
    """Look at a missing record as often as the schedule does; the events."""
    events: list[str] = []
    for _ in range(duration_ms // step_ms):
        story.wait(step_ms)
        events += story.look(DNS_MISSING)
    return events


def dormant_story() -> Story:
    story = Story()
    story.look(DNS_MISSING, seen("pending", "pending_validation", errors=("no",)))
    assert look_for(story, 30 * DAY)[-1] == "domain.dormant"
    return story


def test_after_thirty_days_without_its_record_a_claim_is_dormant_and_has_no_hostname() -> None:
    story = Story()
    story.look(DNS_MISSING, seen("pending", "pending_validation"))
    assert "domain.dormant" not in look_for(story, 30 * DAY - 4 * HOUR)
    assert look_for(story, 4 * HOUR) == ["domain.dormant"]
    domain = story.domain
    assert (domain.status, domain.dormant_since, domain.cf_id, domain.cf_status) == (
        "pending_cname", story.now, None, None
    )  # fmt: skip
    assert story.drafts[0].data["dormant_since"] is not None
    assert look_for(story, 30 * DAY) == []


def test_a_dormant_claim_says_so_and_what_wakes_it() -> None:
    finding = next(found for found in findings_of(dormant_story().domain, NOW) if found.code == "dormant")
    assert "is dormant since 2026-12-23T10:00:00Z" in finding.message
    assert finding.fix is not None
    assert finding.fix.type == "CNAME"


def test_dns_is_asked_about_a_dormant_claim_once_a_day_among_the_routine_checks() -> None:
    story = dormant_story()
    assert choose_lane(story.domain) is CheckLane.ROUTINE
    assert next_check_at(story.domain, story.now, POLICY, 0.0) == story.now + DAY
    assert next_check_at(story.domain, story.now, POLICY, 0.5) > story.now + DAY


@pytest.mark.parametrize("step", [365 * DAY, -365 * DAY])
def test_a_step_of_the_clock_makes_no_claim_dormant(step: int) -> None:
    story = Story()
    story.look(DNS_MISSING)
    look_for(story, 2 * DAY)
    story.now += step
    assert "domain.dormant" not in story.look(DNS_MISSING)
    assert "domain.dormant" not in look_for(story, 27 * DAY)
    assert story.domain.dormant_since is None


def test_while_dns_does_not_answer_no_claim_becomes_dormant() -> None:
    story = Story()
    for _ in range(400):
        story.wait(4 * HOUR)
        story.look(DNS_UNANSWERED)
    assert story.domain.dormant_since is None


@pytest.mark.parametrize("observation", [DNS_RIGHT, DNS_FLATTENED])
def test_a_claim_whose_record_is_there_or_may_be_is_never_dormant(observation: object) -> None:
    story = Story()
    for _ in range(400):
        story.wait(4 * HOUR)
        story.look(observation)  # type: ignore[arg-type]  # both are observations of DNS
    assert story.domain.dormant_since is None


def test_a_dormant_claim_wakes_when_its_record_appears() -> None:
    story = dormant_story()
    story.wait(DAY)
    assert story.look(DNS_RIGHT) == ["dns.verified"]
    assert (story.domain.dormant_since, story.domain.unproved_ms, story.status) == (None, 0, "issuing")


def test_a_dormant_claim_wakes_by_the_record_that_proves_it() -> None:
    story = dormant_story()
    story.wait(DAY)
    story.look(dns(proof_texts=(proof_text(story.domain.id),)))
    assert (story.domain.dormant_since, story.domain.proof) == (None, "txt")


def test_a_proved_claim_is_never_dormant() -> None:
    story = Story(replace(added_domain(), proof=Proof.TXT, proved_at=NOW))
    look_for(story, 90 * DAY)
    assert story.domain.dormant_since is None
