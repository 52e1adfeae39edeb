"""When pages of the list are worth their calls, and what a page tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.instants import DAY, HOUR
from dcvd.core.lifecycle import sweep, transitions
from dcvd.core.lifecycle.transitions import LifecycleRules
from tests.core.builders import NOW, THRESHOLDS, added_domain, certificate, seen

RULES = LifecycleRules(expiry_thresholds_ms=THRESHOLDS)


def _looked(status: str, ssl: str, *, days: int = 90) -> Domain:
    """A domain of which Cloudflare has said this already."""
    return transitions.apply_check(added_domain(), [seen(status, ssl, certificate("01", days=days))], NOW, RULES).domain


def test_a_walk_is_begun_for_twice_its_cost_and_given_up_for_half() -> None:
    assert sweep.fewest_due_to_start(2_000) == 4_000
    assert sweep.is_worth_continuing(1_000, 2_000)
    assert not sweep.is_worth_continuing(999, 2_000)


@given(due=st.integers(0, 10**6), pages=st.integers(1, 20_000))
def test_what_is_worth_beginning_is_worth_going_on_with(due: int, pages: int) -> None:
    if due >= sweep.fewest_due_to_start(pages):
        assert sweep.is_worth_continuing(due, pages)


@pytest.mark.parametrize(
    ("due_in", "checked", "taken"),
    [
        (-1, -DAY, True),
        (0, -DAY, True),
        (3 * HOUR, -DAY, True),
        (3 * HOUR + 1, -DAY, False),
        # Already met on this walk, which began a minute ago.
        (HOUR, -30_000, False),
        (HOUR, -90_000, True),
        (HOUR, None, True),
        (0, -30_000, True),
    ],
)
def test_a_walk_takes_what_is_due_or_soon_will_be(due_in: int, checked: int | None, taken: bool) -> None:
    domain = replace(
        _looked("active", "active"),
        next_check_at=NOW + due_in,
        cf_checked_at=None if checked is None else NOW + checked,
    )
    assert sweep.may_check(domain, NOW, NOW - 60_000, DAY) is taken


@pytest.mark.parametrize(
    ("status", "ssl"), [("active", "active"), ("pending", "pending_validation"), ("moved", "active")]
)
def test_the_same_again_is_no_news(status: str, ssl: str) -> None:
    domain = _looked(status, ssl)
    assert not sweep.has_changed(domain, seen(status, ssl, certificate("01")), NOW + HOUR, RULES)


@pytest.mark.parametrize(
    ("status", "ssl", "serial"),
    [
        ("moved", "active", "01"),
        ("pending", "active", "01"),
        ("active", "pending_validation", "01"),
        ("active", "active", "02"),
    ],
)
def test_anything_else_than_what_is_stored_is_news(status: str, ssl: str, serial: str) -> None:
    domain = _looked("active", "active")
    assert domain.status is DomainStatus.ACTIVE
    assert sweep.has_changed(domain, seen(status, ssl, certificate(serial)), NOW + HOUR, RULES)


def test_a_second_doubt_about_a_domain_in_service_is_news() -> None:
    doubted = transitions.apply_check(_looked("active", "active"), [seen("pending", "active")], NOW, RULES).domain
    assert doubted.pending_reports == 1
    assert sweep.has_changed(doubted, seen("pending", "active"), NOW + HOUR, RULES)
