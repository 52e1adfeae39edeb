"""A record that was removed or changed while everything still serves: seen in time, told once, and nothing is lost."""

import pytest

from dcvd.core.domains.domain import Certificate
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.domains.renewals import renewal_due_at
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.transitions import Observation
from tests.core.builders import DNS_MISSING, DNS_RIGHT, DNS_UNANSWERED, DNS_WRONG, NOW, active_story, certificate, seen
from tests.core.lifecycle.lives import LATEST, live


@pytest.mark.parametrize("days", [365, 90, 47, 30, 14, 7])
@pytest.mark.parametrize("broken", [DNS_MISSING, DNS_WRONG], ids=["removed", "changed"])
@pytest.mark.sampled(4)
def test_a_record_removed_or_changed_is_told_days_before_the_renewal_that_it_would_break(
    days: int, broken: Observation
) -> None:
    held = certificate("01", days=days)
    assert held.expires_at is not None
    due = renewal_due_at(Certificate(issued_at=NOW, expires_at=held.expires_at))
    story = active_story(held)
    live(story, NOW + DAY, lambda _: seen("active", "active", held), fraction=LATEST)
    removed_at = story.now + 1
    told = live(
        story,
        due,
        lambda _: seen("active", "active", held),
        dns=lambda now: broken if now >= removed_at else DNS_RIGHT,
        fraction=LATEST,
    )
    (failed,) = [each for each in told if each.type == "dns.check_failed"]
    assert failed.at - removed_at <= 1.2 * DAY + 2 * MINUTE, "a routine look a day, and the second check at once"
    assert due - failed.at >= 2 * DAY
    assert failed.data["findings"][0]["fix"]["type"] == "CNAME"
    assert (story.status, story.domain.is_ready, story.remedy) == ("active", False, None)


def test_it_stays_active_until_its_certificate_ends_and_comes_back_with_its_record() -> None:
    held = certificate("01", days=90)
    end = NOW + 90 * DAY
    story = active_story(held)

    def answer(now: int) -> CloudflareHostname:
        if now < end - 30 * DAY:
            return seen("active", "active", held)
        return seen("active", "pending_validation" if now < end - 16 * DAY else "validation_timed_out", held)

    told = live(story, end + DAY, answer, dns=lambda _: DNS_MISSING)
    assert [each.type for each in told] == [
        "dns.check_failed",
        "domain.expiring_soon",
        "domain.expiring_soon",
        "domain.error",
    ]
    assert told[-1].at == end
    assert told[-1].data["error"]["code"] == "validation_timed_out"
    assert "cname_missing" in [finding["code"] for finding in told[-1].data["findings"]]
    story.look(DNS_RIGHT, seen("active", "validation_timed_out", held))
    assert story.remedy == "revalidate"
    new = certificate("02", issued_at=story.now)
    assert "domain.active" in story.look(DNS_RIGHT, seen("active", "active", new))


def test_a_short_outage_of_their_dns_is_no_drift() -> None:
    story = active_story()
    told = live(
        story,
        NOW + 40 * DAY,
        lambda _: seen("active", "active", certificate("01")),
        dns=lambda now: DNS_UNANSWERED if NOW + 10 * DAY < now < NOW + 11 * DAY + 2 * HOUR else DNS_RIGHT,
    )
    assert told == []
    assert story.domain.is_ready
