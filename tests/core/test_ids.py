"""Identifiers sort by time and are recognised by their prefix."""

from collections import Counter
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.ids import IdPrefix, earliest_id, instant_of, is_id, new_id, new_ids
from tests.core.builders import NOW, counting_bytes


def test_an_id_is_the_prefix_and_26_digits() -> None:
    text = new_id(IdPrefix.DOMAIN, NOW, counting_bytes())
    head, tail = text.split("_")
    assert head == "dom"
    assert len(tail) == 26
    assert tail == tail.lower()


def test_every_kind_of_object_has_a_prefix_of_its_own() -> None:
    known = {prefix.value for prefix in IdPrefix.__members__.values()}
    assert len(known) == len(IdPrefix.__members__)
    assert known >= {"org", "token", "dom", "evt", "wh", "sec", "dlv", "job", "conn", "mem", "tl", "rec", "zone"}


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_made_later_sorts_after_an_earlier_one(one: int, other: int, entropy: bytes) -> None:
    first, second = sorted([one, other])
    ids = [new_id(IdPrefix.EVENT, first, lambda _: b"\xff" * 10), new_id(IdPrefix.EVENT, second, lambda _: entropy)]
    if first < second:
        assert ids == sorted(ids)
        assert ids[0] != ids[1]


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
@example(NOW, NOW, b"\x00" * 10)
@example(NOW, NOW - 1, b"\xff" * 10)
def test_the_earliest_id_of_an_instant_parts_what_was_made_before_it_from_the_rest(
    instant: int, made_at: int, entropy: bytes
) -> None:
    made = new_id(IdPrefix.DELIVERY, made_at, lambda _: entropy)
    assert (made >= earliest_id(IdPrefix.DELIVERY, instant)) == (made_at >= instant)


@pytest.mark.parametrize(("instant", "like"), [(-1, 0), (-(2**60), 0), (2**48, 2**48 - 1), (2**80, 2**48 - 1)])
def test_an_instant_that_no_id_can_hold_is_taken_for_the_nearest(instant: int, like: int) -> None:
    assert earliest_id(IdPrefix.EVENT, instant) == earliest_id(IdPrefix.EVENT, like)


@given(st.integers(0, 2**48 - 1))
def test_an_id_says_when_it_was_made(instant: int) -> None:
    assert instant_of(new_id(IdPrefix.EVENT, instant, counting_bytes(3))) == instant


@pytest.mark.parametrize("prefix", IdPrefix)
def test_the_earliest_id_is_an_id(prefix: IdPrefix) -> None:
    assert is_id(prefix, earliest_id(prefix, NOW))


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_of_one_millisecond_differ_by_all_80_random_bits(one: bytes, other: bytes) -> None:
    ids = {new_id(IdPrefix.JOB, NOW, lambda _: one), new_id(IdPrefix.JOB, NOW, lambda _: other)}
    assert len(ids) == len({one, other})


@given(st.integers(0, 2**48 - 1), st.integers(0, 600), st.integers(0, 2**32))
def test_ids_that_are_made_at_once_are_as_single_ones_are_and_ascend(made_at: int, count: int, seed: int) -> None:
    ids = new_ids(IdPrefix.EVENT, count, made_at, Random(seed).randbytes)
    assert ids == sorted(set(ids))
    assert len(ids) == count
    assert all(is_id(IdPrefix.EVENT, each) and instant_of(each) == made_at for each in ids)


def test_each_digit_of_ids_that_are_made_at_once_is_as_likely_as_another_at_each_place() -> None:
    every_byte = bytes(range(256))
    ids = new_ids(IdPrefix.EVENT, 256, NOW, lambda _: b"".join(bytes([each]) * 16 for each in every_byte))
    for place in range(-16, 0):
        assert set(Counter(each[place] for each in ids).values()) == {8}


@pytest.mark.parametrize("prefix", IdPrefix)
def test_what_was_made_is_recognised_under_its_own_prefix_only(prefix: IdPrefix) -> None:
    text = new_id(prefix, NOW, counting_bytes(7))
    assert [other for other in IdPrefix if is_id(other, text)] == [prefix]


@pytest.mark.parametrize(
    "text",
    ["", "dom", "dom_", "dom_" + "0" * 25, "dom_" + "0" * 27, "dom_" + "u" * 26, "DOM_" + "0" * 26, "dom-" + "0" * 26,
     "dom_" + "O" * 26, "evt_" + "0" * 26, "dom_" + "0" * 25 + "\n", "dom_" + "٠" * 26],
)  # fmt: skip
def test_what_has_not_the_form_of_a_domain_id_is_not_one(text: str) -> None:
    assert not is_id(IdPrefix.DOMAIN, text)
