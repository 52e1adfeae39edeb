"""Renewals and expiries of an active domain, told look by look."""

import pytest

from dcvd.core.domains.observations import CloudflareCertificate
from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, MINUTE
from tests.core.builders import NOW, Story, active_story, certificate, seen

RSA = "SHA256WithRSA"


def ending(subject: CloudflareCertificate) -> int:
    assert subject.expires_at is not None
    return subject.expires_at


def test_a_renewal_in_flight_stays_active_until_it_is_renewed_once() -> None:
    old, story = certificate("01"), active_story(certificate("01"))
    story.wait(61 * DAY)
    new = certificate("02", issued_at=story.now)
    for ssl, listed in [
        ("pending_validation", (old,)),
        ("pending_issuance", (old,)),
        ("pending_deployment", (old, new)),
        ("pending_cleanup", ()),
    ]:
        assert "domain.renewed" not in story.look(seen("active", ssl, *listed))
        assert story.status == "active"
        assert story.domain.expires_at == ending(old)
    story.wait(MINUTE)
    assert story.look(seen("active", "active", old, new)) == ["domain.renewed"]
    assert story.drafts[0].data["expires_at"] == "2027-04-23T10:00:00Z"
    assert story.domain.certificate is not None
    assert story.domain.certificate.serial == "02"
    assert story.look(seen("active", "active", new)) == []


def test_a_failed_renewal_stays_active_until_the_old_certificate_ends() -> None:
    story = active_story()
    for days in (61, 20, 8):
        story.wait(days * DAY)
        story.look(seen("active", "validation_timed_out", certificate("01")))
        assert story.status == "active"
    story.wait(DAY)
    assert story.look(seen("active", "validation_timed_out", certificate("01"))) == ["domain.error"]
    assert story.error_code == "validation_timed_out"


def test_an_expired_certificate_is_an_error_that_says_when_and_a_new_one_ends_it() -> None:
    story = active_story()
    story.wait_until(ending(certificate("01")) - 1)
    story.look(seen("active", "active", certificate("01")))
    assert story.status == "active"
    story.wait(1)
    assert story.look(seen("active", "active", certificate("01"))) == ["domain.error"]
    assert story.error_code == "certificate_expired"
    assert "expired on 2027-02-21T10:00:00Z" in story.drafts[0].data["error"]["message"]
    new = certificate("02", issued_at=story.now)
    assert story.look(seen("active", "active", new)) == ["domain.active", "domain.renewed"]


def test_a_pair_of_rsa_and_ecdsa_is_renewed_once_both_are_there() -> None:
    rsa, ecdsa = certificate("r1", signature=RSA, days=89), certificate("e1")
    story = active_story(rsa, ecdsa)
    assert story.domain.expires_at == ending(rsa)
    story.wait(58 * DAY)
    new_rsa, new_ecdsa = certificate("r2", signature=RSA, issued_at=story.now), certificate("e2", issued_at=story.now)
    assert story.look(seen("active", "active", rsa, ecdsa, new_ecdsa)) == []
    assert story.domain.expires_at == ending(rsa)
    assert story.look(seen("active", "active", ecdsa, new_ecdsa, rsa, new_rsa)) == ["domain.renewed"]
    assert story.look(seen("active", "active", new_rsa, new_ecdsa)) == []


def test_a_key_type_that_was_given_up_does_not_take_the_domain_down() -> None:
    rsa, ecdsa = certificate("r1", signature=RSA, days=30), certificate("e1", days=90)
    story = active_story(rsa, ecdsa)
    story.wait(31 * DAY)
    assert story.look(seen("active", "active", rsa, ecdsa)) == ["domain.renewed"]
    assert story.status == "active"
    assert story.domain.expires_at == ending(ecdsa)


def test_a_stale_answer_brings_no_old_certificate_back_and_no_second_renewal() -> None:
    old = certificate("01")
    story = active_story(old)
    story.wait(60 * DAY)
    new = certificate("02", issued_at=story.now)
    assert story.look(seen("active", "active", new)) == ["domain.renewed"]
    for listed in ((old,), (new,), (old,), ()):
        assert story.look(seen("active", "active", *listed)) == []
        assert story.domain.expires_at == ending(new)


def test_a_stale_answer_without_issue_dates_is_neither_renewal_nor_warning_a_second_time() -> None:
    old = certificate("01", issued_at=None, expires_at=NOW + 40 * DAY)
    new = certificate("02", issued_at=None, expires_at=NOW + 45 * DAY)
    story = active_story(old)
    story.wait(20 * DAY)
    told = [story.look(seen("active", "active", each)) for each in (old, new, old, new, old, new)]
    assert told == [["domain.expiring_soon"], ["domain.renewed", "domain.expiring_soon"], [], [], [], []]


def test_an_answer_without_certificates_leaves_the_known_expiry() -> None:
    story = active_story()
    for listed in ((), (certificate("02", issued_at=None),)):
        assert story.look(seen("active", "active", *listed)) == []
        assert story.domain.expires_at == ending(certificate("01"))


def test_a_domain_whose_expiry_was_never_told_stays_active_through_a_renewal_and_ends_on_cloudflares_word() -> None:
    story = Story()
    story.look(seen("active", "active"))
    for ssl in ("pending_validation", "pending_deployment", "validation_timed_out", "backup_issued"):
        assert story.look(seen("active", ssl)) == []
        assert story.status == "active"
    assert story.look(seen("active", "expired")) == ["domain.error"]
    assert story.error_code == "certificate_expired"


def test_an_expiry_that_is_told_later_is_no_renewal() -> None:
    story = Story()
    story.look(seen("active", "active"))
    assert story.status == "active"
    assert story.domain.expires_at is None
    assert story.look(seen("active", "active", certificate("01"))) == []
    assert story.domain.expires_at == ending(certificate("01"))


def test_the_same_serial_with_another_expiry_is_no_renewal() -> None:
    story = active_story(certificate("01"))
    assert story.look(seen("active", "active", certificate("01", days=91))) == []


def test_a_later_expiry_without_a_serial_to_compare_is_a_renewal() -> None:
    for old, new in [(None, "02"), ("01", None), (None, None)]:
        story = active_story(certificate(old))
        story.wait(DAY)
        assert story.look(seen("active", "active", certificate(new, issued_at=story.now))) == ["domain.renewed"]


def test_an_adopted_hostname_whose_only_certificate_has_expired_is_an_error() -> None:
    story = Story()
    assert story.look(seen("active", "active", certificate("00", issued_at=NOW - 91 * DAY))) == ["domain.error"]
    assert story.error_code == "certificate_expired"


def test_a_reissue_that_ends_no_later_is_no_renewal() -> None:
    story = active_story(certificate("01"))
    story.wait(DAY)
    assert story.look(seen("active", "active", certificate("02", days=89, issued_at=story.now))) == []
    assert story.domain.expires_at == ending(certificate("01"))
    assert story.look(seen("active", "active", certificate("03", days=6, issued_at=story.now + 1))) == []
    assert story.domain.expires_at == NOW + 7 * DAY + 1


@pytest.mark.parametrize(
    ("days", "first", "renewal", "second"),
    [
        (365, 30 * DAY, "due", 7 * DAY),
        (90, 30 * DAY, "due", 7 * DAY),
        (47, 15 * DAY + 16 * HOUR, "not_due", 5 * DAY + 21 * HOUR),
        (10, 3 * DAY + 8 * HOUR, "not_due", DAY + 6 * HOUR),
        (6, 2 * DAY, "not_due", 18 * HOUR),
    ],
)
def test_an_expiry_is_told_at_each_threshold_once_and_whether_the_renewal_is_due_then(
    days: int, first: int, renewal: str, second: int
) -> None:
    held = certificate("01", days=days)
    story = active_story(held)
    told = []
    for moment in (first + 1, first, first - 1, second + 1, second, second - 1, 1):
        story.wait_until(ending(held) - moment)
        if story.look(seen("active", "active", held)):
            (draft,) = story.drafts
            assert draft.type is EventType.DOMAIN_EXPIRING_SOON
            told.append((moment, draft.data["renewal"]))
    assert told == [(first, renewal), (second, "overdue")]


def test_a_daemon_that_slept_over_both_thresholds_tells_it_once() -> None:
    story = active_story()
    story.wait(88 * DAY)
    assert story.look() == ["domain.expiring_soon"]
    assert story.drafts[0].data["renewal"] == "overdue"
    story.wait(DAY)
    assert story.look() == []


def test_a_daemon_that_slept_through_the_renewal_tells_the_renewal_alone() -> None:
    story = active_story()
    story.wait(70 * DAY)
    assert story.look(seen("active", "active", certificate("02", issued_at=story.now))) == ["domain.renewed"]


def test_the_next_certificate_is_warned_of_again() -> None:
    story = active_story()
    story.wait(60 * DAY)
    assert story.look() == ["domain.expiring_soon"]
    story.look(seen("active", "active", certificate("02", issued_at=story.now)))
    assert story.look() == []
    story.wait(60 * DAY)
    assert story.look() == ["domain.expiring_soon"]


def test_a_shorter_certificate_in_place_of_one_already_warned_of_is_warned_of_too() -> None:
    story = active_story()
    story.wait(61 * DAY)
    assert story.look() == ["domain.expiring_soon"]
    story.look(seen("active", "active", certificate("02", days=6, issued_at=story.now)))
    assert story.look() == []
    story.wait(4 * DAY)
    assert story.look() == ["domain.expiring_soon"]
    story.wait(DAY + 12 * HOUR)
    assert story.look() == ["domain.expiring_soon"]


def test_nothing_is_warned_of_where_the_domain_is_not_active_or_the_certificate_is_past() -> None:
    lost = active_story()
    lost.look(seen("blocked", "active", certificate("01")))
    lost.wait(85 * DAY)
    assert lost.look() == []
    past = active_story()
    past.wait(90 * DAY)
    assert past.look() == []


def test_configured_thresholds_are_followed_and_none_means_no_warning() -> None:
    silent = active_story(thresholds=())
    silent.wait(89 * DAY)
    assert silent.look() == []
    one = active_story(thresholds=(10 * DAY,))
    one.wait(80 * DAY)
    assert one.look() == ["domain.expiring_soon"]
    one.wait(9 * DAY)
    assert one.look() == []


def test_what_cloudflare_now_says_of_the_same_certificate_counts() -> None:
    story = active_story()
    sooner = certificate("01", issued_at=NOW - 80 * DAY, expires_at=NOW + 5 * DAY)
    assert story.look(seen("active", "active", sooner)) == ["domain.expiring_soon"]
    assert story.domain.expires_at == NOW + 5 * DAY
    past = certificate("01", issued_at=NOW - 95 * DAY, expires_at=NOW - 5 * DAY)
    assert story.look(seen("active", "expired", past)) == ["domain.error"]
    assert story.error_code == "certificate_expired"


def test_a_certificate_whose_end_is_moved_nearer_is_told_at_the_threshold_that_it_passes_by_that() -> None:
    story = active_story()
    story.wait(61 * DAY)
    assert story.look() == ["domain.expiring_soon"]
    for days, told in ((20, []), (3, ["domain.expiring_soon"]), (2, []), (29, []), (3, [])):
        moved = certificate("01", expires_at=story.now + days * DAY)
        assert story.look(seen("active", "active", moved)) == told, days


@pytest.mark.parametrize(("days", "then"), [(6, []), (20, ["domain.expiring_soon"])])
def test_an_undated_certificate_that_ends_before_the_one_it_replaces_is_told_on_its_own(
    days: int, then: list[str]
) -> None:
    old = certificate("01", issued_at=None, expires_at=NOW + 29 * DAY)
    new = certificate("02", issued_at=None, expires_at=NOW + days * DAY)
    story = active_story(old)
    assert [draft.data["renewal"] for draft in story.drafts if draft.type is EventType.DOMAIN_EXPIRING_SOON] == ["due"]
    story.wait(HOUR)
    assert story.look(seen("active", "active", new)) == ["domain.expiring_soon"]
    for stale in (old, new, old, new):
        assert story.look(seen("active", "active", stale)) == []
    story.wait_until(ending(new) - 5 * DAY)
    assert story.look(seen("active", "active", new)) == then
