"""What a tenant attaches to a domain: which ids and labels are taken, and how labels are changed."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.labels import (
    KEY_PATTERN,
    MAX_CHARS,
    MAX_EXTERNAL_ID_CHARS,
    MAX_LABELS,
    MAX_VALUE_CHARS,
    merge_labels,
    validate_external_id,
    validate_labels,
)
from dcvd.errors import InvalidInput

KEYS = st.from_regex(f"\\A{KEY_PATTERN}\\Z").map(lambda key: key[:20])
VALUES = st.text(string.ascii_letters + "äß→😀<&\"\\/': ", max_size=20).map(str.strip)
LABELS = st.dictionaries(KEYS, VALUES, max_size=8)


@pytest.mark.parametrize(
    "key", ["", "1", "10", "Tier", "_tier", ".tier", "tier:x", "tier x", "tïer", "t" * 64, "tier\n"]
)
def test_a_key_that_javascript_would_move_or_that_no_filter_can_name_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="no key of a label") as caught:
        validate_labels({key: "gold"})
    assert caught.value.field == "labels"


@pytest.mark.parametrize("key", ["t", "tier", "t" * 63, "acme.com_tier-2", "constructor"])
def test_a_key_of_small_letters_digits_and_dots_is_taken(key: str) -> None:
    assert validate_labels({key: ""}) == {key: ""}


@pytest.mark.parametrize("text", ["a\nb", "a\x00", "\u2028", "a\u202e", " a", "a ", "\ud800"])
def test_a_text_that_is_not_printable_or_has_blanks_around_it_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_labels({"tier": text})
    assert caught.value.field == "labels.tier"
    with pytest.raises(InvalidInput) as caught:
        validate_external_id(text)
    assert caught.value.field == "externalId"


def test_lengths_and_counts_are_taken_to_their_bounds_and_no_further() -> None:
    assert validate_external_id("x" * MAX_EXTERNAL_ID_CHARS)
    assert validate_external_id(None) is None
    for wrong in ("", "x" * (MAX_EXTERNAL_ID_CHARS + 1)):
        with pytest.raises(InvalidInput):
            validate_external_id(wrong)
    assert len(validate_labels({f"k{number}": "" for number in range(MAX_LABELS)})) == MAX_LABELS
    with pytest.raises(InvalidInput, match="33 entries"):
        validate_labels({f"k{number}": "" for number in range(MAX_LABELS + 1)})
    assert validate_labels({"k": "x" * MAX_VALUE_CHARS})
    with pytest.raises(InvalidInput, match="256 characters"):
        validate_labels({"k": "x" * (MAX_VALUE_CHARS + 1)})
    full = {f"k{number:02}": "x" * 253 for number in range(16)}
    assert sum(map(len, (*full, *full.values()))) == MAX_CHARS
    assert validate_labels(full) == full
    with pytest.raises(InvalidInput, match="4096 characters in all"):
        validate_labels(full | {"k15": "x" * 254})


@given(LABELS)
def test_labels_are_in_the_order_of_their_keys(labels: dict[str, str]) -> None:
    valid = validate_labels(labels)
    assert valid == labels
    assert list(valid) == sorted(labels)


@given(LABELS, st.dictionaries(KEYS, st.none() | VALUES, max_size=8))
def test_a_change_sets_what_it_names_and_removes_what_is_null(
    labels: dict[str, str], change: dict[str, str | None]
) -> None:
    merged = merge_labels(validate_labels(labels), change)
    for key in labels.keys() | change.keys():
        assert merged.get(key) == (change[key] if key in change else labels[key])
    assert merged.keys() <= labels.keys() | change.keys()
    assert list(merged) == sorted(merged)
    assert merge_labels(merged, change) == merged
    assert merge_labels(labels, None) == {}


def test_a_key_that_cannot_be_is_refused_also_where_it_is_to_be_removed() -> None:
    with pytest.raises(InvalidInput):
        merge_labels({}, {"Tier": None})


def test_no_key_is_one_that_javascript_takes_for_a_number() -> None:
    assert re.fullmatch(KEY_PATTERN, "0") is None
    assert all(re.fullmatch(KEY_PATTERN, first) is None for first in string.digits)
