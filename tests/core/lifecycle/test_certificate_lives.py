"""Certificates of every lifetime that there is or will be: renewals, warnings, sleep, and clocks that jump."""

from itertools import pairwise

import pytest

from dcvd.core.domains.domain import Certificate
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.domains.renewals import renewal_due_at, renewal_overdue_at
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from tests.core.builders import NOW, Story, active_story, certificate, seen
from tests.core.lifecycle.lives import LATEST, live

RSA = "SHA256WithRSA"
LIVES = {
    "1 year": 365 * DAY, "90 days": 90 * DAY, "47 days": 47 * DAY, "30 days": 30 * DAY, "14 days": 14 * DAY,
    "160 hours": 160 * HOUR,
}  # fmt: skip
every_life = pytest.mark.parametrize("life", LIVES.values(), ids=list(LIVES))


def issued(serial: str, at: int, life: int, *, signature: str = "ECDSAWithSHA256") -> CloudflareCertificate:
    """As CAs do it: the last second is not counted."""
    return certificate(serial, issued_at=at, expires_at=at + life - SECOND, signature=signature)


def held(observed: CloudflareCertificate) -> Certificate:
    assert observed.expires_at is not None
    return Certificate(serial=observed.serial, issued_at=observed.issued_at, expires_at=observed.expires_at)


def shown(story: Story) -> tuple[str | None, str | None]:
    """Serials of the certificate in service and of the next."""
    serving, following = story.domain.certificate, story.domain.next_certificate
    return serving.serial if serving else None, following.serial if following else None


def windows(life: int) -> tuple[int, int]:
    """Before the expiry: when it is told first, and again (DESIGN §6)."""
    return min(30 * DAY, (life - SECOND) // 3), min(7 * DAY, (life - SECOND) // 8)


class Cloudflare:
    """Renews each certificate when it is due, in three stages of an hour each."""

    def __init__(self, life: int) -> None:
        self.life = life
        self.issued = [issued("0", NOW, life)]

    def answer(self, now: int) -> CloudflareHostname:
        due = renewal_due_at(held(self.issued[-1]))
        if now >= due + 2 * HOUR:
            self.issued.append(issued(str(len(self.issued)), due + HOUR, self.life))
            due = renewal_due_at(held(self.issued[-1]))
        if now < due:
            ssl, listed = "active", self.issued[-1:]
            started = self.issued[-1].issued_at
            if len(self.issued) > 1 and started is not None and now < started + 2 * HOUR:
                ssl, listed = "pending_deployment", self.issued[-2:]
        else:
            ssl, listed = "pending_validation", self.issued[-1:]
        return seen("active", ssl, *listed)


@every_life
@pytest.mark.parametrize("fraction", [0.0, LATEST])
@pytest.mark.sampled(4)
def test_a_healthy_life_is_all_renewals_each_told_once_and_never_late(life: int, fraction: float) -> None:
    cloudflare = Cloudflare(life)
    story = active_story(cloudflare.issued[0])
    told = live(story, NOW + 5 * life, cloudflare.answer, fraction=fraction)
    renewed = [each for each in told if each.type == "domain.renewed"]
    assert len(renewed) in (len(cloudflare.issued) - 1, len(cloudflare.issued) - 2)
    assert len(renewed) >= 4
    warnings = [each for each in told if each.type == "domain.expiring_soon"]
    assert {each.type for each in told} <= {"domain.renewed", "domain.expiring_soon"}
    # 30 days are what the first threshold and the renewal of long lives have in common.
    assert {each.data["renewal"] for each in warnings} <= {"due" if life > 89 * DAY else "not_due"}
    assert len({each.data["expires_at"] for each in warnings}) == len(warnings)
    assert story.status == "active"


@every_life
@pytest.mark.parametrize("fraction", [0.0, LATEST])
@pytest.mark.sampled(4)
def test_a_life_without_renewal_is_told_at_both_thresholds_and_at_its_end_to_the_moment(
    life: int, fraction: float
) -> None:
    only = issued("0", NOW, life)
    end = held(only).expires_at
    story = active_story(only)
    told = live(story, end + DAY, lambda _: seen("active", "pending_validation", only), fraction=fraction)
    first, second = windows(life)
    assert [(each.type, each.at) for each in told] == [
        ("domain.expiring_soon", end - first),
        ("domain.expiring_soon", end - second),
        ("domain.error", end),
    ]
    assert [each.data["renewal"] for each in told[:2]] == ["due" if life > 89 * DAY else "not_due", "overdue"]
    assert told[2].data["error"]["code"] == "certificate_expired"


@every_life
def test_a_daemon_that_slept_over_one_threshold_or_both_tells_it_late_and_once(life: int) -> None:
    only = issued("0", NOW, life)
    end, (first, second) = held(only).expires_at, windows(life)
    over_one = active_story(only)
    over_one.wait_until(end - (first + second) // 2)
    assert over_one.look(seen("active", "active", only)) == ["domain.expiring_soon"]
    assert over_one.look(seen("active", "active", only)) == []
    over_one.wait_until(end - second)
    assert over_one.look(seen("active", "active", only)) == ["domain.expiring_soon"]
    over_both = active_story(only)
    over_both.wait_until(end - second // 2)
    assert over_both.look(seen("active", "active", only)) == ["domain.expiring_soon"]
    assert over_both.drafts[0].data["renewal"] == "overdue"
    over_both.wait_until(end - 1)
    assert over_both.look(seen("active", "active", only)) == []


@every_life
def test_a_daemon_that_slept_over_renewals_tells_the_last_one_alone(life: int) -> None:
    story = active_story(issued("0", NOW, life))
    story.wait(3 * life)
    assert story.look(seen("active", "active", issued("9", story.now - life // 3, life))) == ["domain.renewed"]


@every_life
def test_a_clock_put_back_tells_nothing_a_second_time(life: int) -> None:
    only = issued("0", NOW, life)
    end, (first, _) = held(only).expires_at, windows(life)
    story = active_story(only)
    story.wait_until(end - first)
    assert story.look(seen("active", "active", only)) == ["domain.expiring_soon"]
    for instant in (NOW, end - first - 1, end - first, end - first + 1):
        story.now = instant
        assert story.look(seen("active", "active", only)) == []
    assert story.status == "active"


@every_life
def test_a_clock_put_forward_for_a_while_costs_no_certificate_and_orders_none(life: int) -> None:
    only = issued("0", NOW, life)
    story = active_story(only)
    story.now = NOW + 2 * life
    assert story.look(seen("active", "active", only)) == ["domain.error"]
    assert (story.error_code, story.remedy) == ("certificate_expired", None)
    story.now = NOW + HOUR
    assert story.look(seen("active", "active", only)) == ["domain.active"]
    assert story.domain.expires_at == held(only).expires_at
    story.wait_until(held(only).expires_at - windows(life)[0])
    assert story.look(seen("active", "active", only)) == ["domain.expiring_soon"]


@every_life
def test_a_pair_whose_halves_are_issued_seconds_apart_is_one_certificate_after_the_other(life: int) -> None:
    def pair(number: int, at: int) -> tuple[CloudflareCertificate, CloudflareCertificate]:
        return issued(f"r{number}", at, life, signature=RSA), issued(f"e{number}", at + 3 * SECOND, life)

    old = pair(0, NOW)
    story = active_story(*old)
    assert story.domain.expires_at == old[0].expires_at
    assert story.domain.next_certificate is None
    at = renewal_due_at(held(old[0]))
    story.wait_until(at)
    new = pair(1, at)
    told = []
    for ssl, listed in [
        ("pending_validation", old),
        ("pending_deployment", (*old, *new)),
        ("active", (*old, new[1])),
        ("active", (*old, *new)),
        ("active", new),
        ("active", new[::-1]),
    ]:
        story.wait(MINUTE)
        told += [name for name in story.look(seen("active", ssl, *listed)) if name != "domain.expiring_soon"]
        assert story.status == "active"
    assert told == ["domain.renewed"]
    assert story.domain.expires_at == new[0].expires_at
    assert story.domain.next_certificate is None


def test_short_lived_ones_in_place_of_a_long_one_are_renewals_of_each_other() -> None:
    story, told = active_story(issued("long", NOW, 90 * DAY)), []
    story.wait(61 * DAY)
    for number in range(6):
        told.append(story.look(seen("active", "active", issued(f"s{number}", story.now, 160 * HOUR))))
        story.wait(4 * DAY)
    # The first ends before the one that it replaces; each of the others ends after the one before it.
    assert [[name for name in names if name == "domain.renewed"] for names in told] == [[]] + [["domain.renewed"]] * 5


def test_the_next_certificate_is_shown_from_its_issue_until_it_serves() -> None:
    old = issued("old", NOW, 90 * DAY)
    story = active_story(old)
    story.wait(60 * DAY)
    new = issued("new", story.now, 90 * DAY)
    found = []
    for ssl, listed in [
        ("pending_validation", (old,)),
        ("pending_deployment", (old, new)),
        ("pending_deployment", ()),
        ("pending_deployment", (new,)),
        ("active", (old, new)),
        ("active", (new,)),
    ]:
        story.look(seen("active", ssl, *listed))
        found.append(shown(story))
    assert found == [("old", None), ("old", "new"), ("old", "new"), ("old", "new"), ("new", None), ("new", None)]


def test_the_first_certificate_is_shown_as_next_while_it_is_being_deployed() -> None:
    story = Story()
    first = issued("01", NOW, 90 * DAY)
    story.look(seen("active", "pending_deployment", first))
    assert shown(story) == (None, "01")
    story.look(seen("active", "active", first))
    assert shown(story) == ("01", None)


def test_a_next_certificate_that_never_came_to_serve_is_forgotten_at_its_end() -> None:
    story = active_story(issued("long", NOW, 365 * DAY))
    story.wait(DAY)
    story.look(seen("active", "pending_deployment", issued("short", story.now, 160 * HOUR)))
    assert shown(story) == ("long", "short")
    story.wait(7 * DAY)
    story.look(seen("active", "pending_deployment"))
    assert shown(story) == ("long", None)
    assert story.status == "active"


@every_life
def test_a_renewal_is_due_before_it_is_overdue_and_both_before_the_end(life: int) -> None:
    subject = held(issued("0", NOW, life))
    moments = [NOW, renewal_due_at(subject), renewal_overdue_at(subject), subject.expires_at]
    assert all(earlier < later for earlier, later in pairwise(moments))
