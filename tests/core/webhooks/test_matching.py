"""Which events an endpoint gets by the names and labels of their domains."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.labels import MAX_LABELS
from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.webhooks.matching import (
    MAX_PATTERNS,
    EventMatch,
    is_body_matched,
    is_data_matched,
    is_matched,
    normalise_match,
)
from dcvd.errors import InvalidInput

_PARTS = st.sampled_from(["a", "b", "acme", "xacme", "shop"])
NAMES = st.lists(_PARTS, min_size=1, max_size=4).map(lambda parts: ".".join((*parts, "com")))
PATTERNS = st.one_of(NAMES, NAMES.map(lambda name: f"*.{name}"))
LABELS = st.dictionaries(st.sampled_from(["tier", "eu", "x.y"]), st.sampled_from(["", "gold", "iron"]))
MATCHES = st.builds(EventMatch, labels=LABELS, domains=st.lists(PATTERNS, max_size=4).map(tuple))


def covers(pattern: str, name: str) -> bool:
    """As the page says it, label by label."""
    wanted, given_labels = pattern.split("."), name.split(".")
    if wanted[0] != "*":
        return wanted == given_labels
    depth = len(wanted) - 1
    return len(given_labels) > depth and given_labels[-depth:] == wanted[1:]


@given(MATCHES, NAMES, LABELS)
def test_all_labels_and_one_of_the_patterns_have_to_hold(match: EventMatch, name: str, labels: dict[str, str]) -> None:
    has_labels = match.labels.items() <= labels.items()
    has_name = not match.domains or any(covers(pattern, name) for pattern in match.domains)
    assert is_matched(match, name, labels) is (has_labels and has_name)


@given(MATCHES, NAMES, LABELS)
def test_more_conditions_let_no_more_events_through_and_more_patterns_no_fewer(
    match: EventMatch, name: str, labels: dict[str, str]
) -> None:
    narrower = EventMatch(labels={**match.labels, "more": "x"}, domains=match.domains)
    assert not is_matched(narrower, name, labels)
    if match.domains and is_matched(match, name, labels):
        assert is_matched(EventMatch(labels=match.labels, domains=(*match.domains, "other.com")), name, labels)
        assert is_matched(EventMatch(labels=match.labels), name, labels)


@given(MATCHES, st.one_of(st.none(), NAMES), LABELS, st.booleans())
def test_a_stored_event_is_judged_as_it_was_when_it_happened(
    match: EventMatch, name: str | None, labels: dict[str, str], has_labels: bool
) -> None:
    data: dict[str, Any] = {"domain_name": name} | ({"labels": labels} if has_labels else {})
    body = build_body(EventDraft(EventType.DOMAIN_ACTIVE, data), event_id="evt_1", sequence=1, now=0)
    assert is_body_matched(match, body) is is_data_matched(match, data)
    assert is_data_matched(match, data) is is_matched(match, name, labels if has_labels else {})


@given(MATCHES)
def test_an_event_about_no_domain_matches_nothing(match: EventMatch) -> None:
    for data in ({}, {"domain_name": None}, {"endpoint_id": "wh_1", "url": "https://a.com/"}):
        assert not is_data_matched(match, data)


@pytest.mark.parametrize(
    ("pattern", "name", "holds"),
    [
        ("*.acme.com", "shop.acme.com", True),
        ("*.acme.com", "a.shop.acme.com", True),
        ("*.acme.com", "acme.com", False),
        ("*.acme.com", "xacme.com", False),
        ("acme.com", "acme.com", True),
        ("acme.com", "shop.acme.com", False),
        ("*.Bücher.de", "shop.xn--bcher-kva.de", True),
        ("BÜCHER.de.", "xn--bcher-kva.de", True),
    ],
)
def test_a_pattern_is_a_name_or_all_below_it(pattern: str, name: str, holds: bool) -> None:
    assert is_matched(normalise_match(EventMatch(domains=(pattern,))), name, {}) is holds


@given(st.lists(PATTERNS, min_size=1, max_size=6), LABELS)
def test_normalising_is_done_once_and_changes_nothing_that_matches(patterns: list[str], labels: dict[str, str]) -> None:
    given_match = EventMatch(labels=labels, domains=tuple(patterns))
    match = normalise_match(given_match)
    assert normalise_match(match) == match
    assert set(match.domains) == set(patterns)
    assert list(match.labels) == sorted(labels)
    for pattern in patterns:
        name = pattern.replace("*", "n")
        assert is_matched(match, name, labels)


@pytest.mark.parametrize(
    ("match", "field"),
    [
        (EventMatch(), "match"),
        (EventMatch(labels={"Tier": "x"}), "match.labels"),
        (EventMatch(labels={"tier": "a\nb"}), "match.labels.tier"),
        (EventMatch(labels={f"k{number}": "" for number in range(MAX_LABELS + 1)}), "match.labels"),
        (EventMatch(domains=("a.com",) * (MAX_PATTERNS + 1)), "match.domains"),
        (EventMatch(domains=("a.com", "*")), "match.domains[1]"),
        (EventMatch(domains=("*.*.com",)), "match.domains[0]"),
        (EventMatch(domains=("a.*.com",)), "match.domains[0]"),
        (EventMatch(domains=("*.com",)), "match.domains[0]"),
        (EventMatch(domains=("shop",)), "match.domains[0]"),
        (EventMatch(domains=("",)), "match.domains[0]"),
        (EventMatch(domains=("a.test",)), "match.domains[0]"),
    ],
)
def test_what_can_match_nothing_is_refused(match: EventMatch, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_match(match)
    assert caught.value.field == field


def test_a_reserved_name_is_taken_where_the_operator_takes_such_domains() -> None:
    assert normalise_match(EventMatch(domains=("*.a.test",)), allowed_tlds=["test"]).domains == ("*.a.test",)
