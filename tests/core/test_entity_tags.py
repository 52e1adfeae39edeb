"""Entity tags and If-Match, as RFC 9110 has them."""

import pytest

from dcvd.core.http.entity_tags import build_entity_tag, parse_precondition
from dcvd.core.sentences.sentence import say
from dcvd.errors import InvalidInput, PreconditionFailed

TAG = build_entity_tag("wh_1", 7)


def passes(text: str | None) -> bool:
    try:
        parse_precondition(text).check(TAG, say("the_webhook", id="wh_1"))
    except PreconditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    "text", [None, "*", " * ", TAG, f" {TAG}\t", f'"other", {TAG}', f'"a,b" ,, {TAG},', f'W/"x", {TAG}']
)
def test_a_tag_in_the_list_lets_the_change_through(text: str | None) -> None:
    assert passes(text)


@pytest.mark.parametrize("text", ['"other"', '"a", "b"', '""', f"W/{TAG}", f'"other", W/{TAG}', f'"x{TAG[1:]}'])
def test_another_tag_or_a_weak_one_stops_it(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize(
    "text", ["", " ", ",", TAG.strip('"'), f"{TAG} {TAG}", f"w/{TAG}", '"open', f"*, {TAG}", f"{TAG}, *"]
)
def test_what_is_no_list_of_tags_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_precondition(text)
    assert caught.value.field == "If-Match"


def test_states_that_differ_anywhere_have_other_tags() -> None:
    states = [("a", 1), ("a", 2), ("b", 1), ("a", "1"), ("a1",), (("a",), 1), ("a", None)]
    assert len({build_entity_tag(*state) for state in states}) == len(states)
