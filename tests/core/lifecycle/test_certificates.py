"""Which certificate counts, and when its end is told."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate
from dcvd.core.domains.renewals import renewal_due_at, renewal_overdue_at, renewal_state
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.certificates import (
    choose_serving,
    count_passed_thresholds,
    is_newer,
    may_replace,
    warning_instants,
)
from tests.core.builders import NOW, THRESHOLDS, certificate

RSA = "SHA256WithRSA"


def lasting(days: float, issued_at: int | None = NOW) -> Certificate:
    """A certificate of `days`, counted from NOW also where its issue is not told."""
    return Certificate(serial="01", issued_at=issued_at, expires_at=NOW + int(days * DAY))


def serial_of_choice(*seen: object) -> str | None:
    chosen = choose_serving(seen)  # type: ignore[arg-type]  # the builder's certificates
    return chosen.serial if chosen else None


def test_nothing_is_chosen_where_no_certificate_has_an_expiry() -> None:
    assert choose_serving([]) is None
    assert choose_serving([certificate("01", issued_at=None)]) is None


def test_while_old_and_new_coexist_the_newest_counts_whatever_their_order() -> None:
    old, new = certificate("old", issued_at=NOW - 60 * DAY), certificate("new")
    assert serial_of_choice(old, new) == serial_of_choice(new, old) == "new"


def test_a_newer_issue_counts_though_it_ends_earlier() -> None:
    year, week = certificate("year", days=365, issued_at=NOW - DAY), certificate("week", days=6)
    assert serial_of_choice(year, week) == "week"


def test_of_an_rsa_and_ecdsa_pair_the_one_that_ends_first_counts() -> None:
    rsa = certificate("rsa", signature=RSA, days=89)
    assert serial_of_choice(certificate("ecdsa"), rsa) == "rsa"


def test_of_two_pairs_the_newest_of_each_key_type_count() -> None:
    then = NOW - 60 * DAY
    pairs = [
        certificate("old-rsa", signature=RSA, issued_at=then),
        certificate("old-ecdsa", issued_at=then),
        certificate("new-rsa", signature=RSA),
        certificate("new-ecdsa", issued_at=NOW + MINUTE),
    ]
    assert serial_of_choice(*pairs) == "new-rsa"


def test_certificates_without_an_issue_date_are_compared_by_expiry() -> None:
    old = certificate("old", issued_at=None, expires_at=NOW + 5 * DAY)
    assert serial_of_choice(old, certificate("new")) == "new"
    assert serial_of_choice(certificate("new"), old) == "new"


def test_of_two_of_the_same_instant_the_one_that_ends_last_counts_whatever_their_order() -> None:
    short, long = certificate("short", days=30), certificate("long", days=90)
    assert serial_of_choice(short, long) == serial_of_choice(long, short) == "long"


def test_one_without_an_issue_date_has_its_whole_key_type_compared_by_expiry_and_no_other() -> None:
    undated = certificate("undated", issued_at=None, expires_at=NOW + 300 * DAY)
    year, week = certificate("year", days=365, issued_at=NOW - DAY), certificate("week", days=6)
    assert serial_of_choice(undated, year, week) == "year"
    others = [replace(each, signature=RSA) for each in (year, week)]
    assert serial_of_choice(undated, *others) == "week"


def test_of_what_is_alike_in_its_instants_the_same_one_counts_in_every_order() -> None:
    alike = [certificate("01"), certificate("02"), certificate("03", signature=RSA), certificate("04", signature=RSA)]
    assert {serial_of_choice(*order) for order in permutations(alike)} == {"02"}
    assert {serial_of_choice(*order) for order in permutations([certificate(None), certificate("01")])} == {"01"}


def test_a_key_type_is_known_however_its_signature_is_spelled() -> None:
    old = certificate("old", days=10, signature="ecdsa-with-SHA256", issued_at=NOW - DAY)
    assert serial_of_choice(old, certificate("new", signature="ECDSAWithSHA384")) == "new"


def test_a_stale_answer_does_not_replace_a_later_issue() -> None:
    known = lasting(90)
    assert not may_replace(known, replace(lasting(90, NOW - DAY), serial="02"))
    assert may_replace(known, lasting(5, NOW - DAY)), "the same serial is the same certificate, better known"
    assert may_replace(known, lasting(90))
    assert may_replace(known, lasting(6, NOW + 1))
    assert may_replace(None, lasting(90))
    assert may_replace(known, lasting(90, None))
    assert may_replace(lasting(90, None), known)
    unnumbered = replace(known, serial=None)
    assert not may_replace(unnumbered, replace(unnumbered, issued_at=NOW - DAY)), "no serial is no certificate's name"


def test_only_two_known_issue_dates_make_one_certificate_newer_for_certain() -> None:
    assert is_newer(lasting(90), lasting(6, NOW + 1))
    assert not is_newer(lasting(90), lasting(90))
    assert not is_newer(lasting(90), lasting(91, None))
    assert not is_newer(lasting(90, None), lasting(91))
    assert not is_newer(None, lasting(90))


@pytest.mark.parametrize(
    ("days", "first", "second"),
    [
        (365, 30 * DAY, 7 * DAY),
        (90, 30 * DAY, 7 * DAY),
        (47, 47 * DAY // 3, 47 * DAY // 8),  # 15 d 16 h, and 5 d 21 h
        (6, 2 * DAY, 18 * HOUR),
        (160 / 24, 160 * HOUR // 3, 20 * HOUR),
    ],
)
def test_a_threshold_is_capped_by_a_third_and_an_eighth_of_the_lifetime(days: float, first: int, second: int) -> None:
    subject = lasting(days)
    assert warning_instants(subject, THRESHOLDS) == [subject.expires_at - first, subject.expires_at - second]


def test_every_threshold_after_the_first_is_capped_by_an_eighth() -> None:
    subject = lasting(6)
    moments = warning_instants(subject, (*THRESHOLDS, 5 * DAY, HOUR))
    assert [subject.expires_at - moment for moment in moments] == [2 * DAY, 18 * HOUR, 18 * HOUR, HOUR]


def test_a_lifetime_that_is_not_known_caps_nothing() -> None:
    subject = lasting(10, None)
    assert warning_instants(subject, THRESHOLDS) == [subject.expires_at - 30 * DAY, subject.expires_at - 7 * DAY]
    for impossible in (NOW + 10 * DAY, NOW + 11 * DAY):
        assert warning_instants(lasting(10, impossible), THRESHOLDS) == warning_instants(subject, THRESHOLDS)


def test_the_level_rises_at_each_moment_to_the_millisecond() -> None:
    subject = lasting(90)
    first, second = warning_instants(subject, THRESHOLDS)
    moments = [NOW, first - 1, first, second - 1, second, subject.expires_at]
    assert [count_passed_thresholds(subject, THRESHOLDS, moment) for moment in moments] == [0, 0, 1, 1, 2, 2]
    assert count_passed_thresholds(subject, (), subject.expires_at) == 0


@pytest.mark.parametrize(
    ("days", "due", "patience"),
    [
        (365, 30 * DAY, 3 * DAY),
        (90, 30 * DAY, 3 * DAY),
        (90 - 1 / 86_400, 30 * DAY, 3 * DAY),  # as they are issued: a second short
        (89, 30 * DAY, 3 * DAY),
        (88, 88 * DAY * 7 // 30, 3 * DAY),
        (47, 47 * DAY * 7 // 30, 3 * DAY),
        (30, 7 * DAY, 3 * DAY),
        (6, 6 * DAY * 7 // 30, 6 * DAY // 10),
    ],
)
def test_a_renewal_is_not_due_then_due_then_overdue(days: int, due: int, patience: int) -> None:
    subject = lasting(days)
    due_at = subject.expires_at - due
    assert renewal_due_at(subject) == due_at
    assert renewal_overdue_at(subject) == due_at + patience
    assert renewal_state(subject, due_at - 1) == "not_due"
    assert renewal_state(subject, due_at) == "due"
    assert renewal_state(subject, due_at + patience - 1) == "due"
    assert renewal_state(subject, due_at + patience) == "overdue"


@given(st.integers(1, 1000 * DAY))
def test_whatever_the_lifetime_its_moments_come_in_order_within_it(lifetime: int) -> None:
    subject = Certificate(issued_at=NOW, expires_at=NOW + lifetime)
    first, second = warning_instants(subject, THRESHOLDS)
    assert NOW < first <= second <= subject.expires_at
    assert NOW < renewal_due_at(subject) <= renewal_overdue_at(subject) <= subject.expires_at


def test_a_healthy_90_day_certificate_is_not_told_before_its_renewal_is_due() -> None:
    subject = lasting(90)
    assert warning_instants(subject, THRESHOLDS)[0] >= renewal_due_at(subject)
