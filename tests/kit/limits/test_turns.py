"""Claimants take turns, each in its own order, whoever came first and whatever is put back."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.limits.turns import Turns

CLAIMANTS = st.lists(st.sampled_from("abcd"), max_size=30)


def queue_of(claimants: list[str]) -> Turns[str, int]:
    turns: Turns[str, int] = Turns()
    for number, claimant in enumerate(claimants):
        turns.add(claimant, number)
    return turns


def take_all(turns: Turns[str, int]) -> list[tuple[str, int]]:
    taken = []
    while turns:
        taken.append(turns.take())
    return taken


def test_whoever_has_many_items_waits_between_them_for_those_who_have_few() -> None:
    assert take_all(queue_of(list("aaabba"))) == [("a", 0), ("b", 3), ("a", 1), ("b", 4), ("a", 2), ("a", 5)]


def test_an_empty_queue_has_nothing_to_take() -> None:
    with pytest.raises(KeyError):
        queue_of([]).take()


@given(CLAIMANTS)
def test_everything_comes_out_once_in_each_claimants_own_order(claimants: list[str]) -> None:
    taken = take_all(queue_of(claimants))
    assert sorted(number for _, number in taken) == list(range(len(claimants)))
    for claimant in set(claimants):
        own = [number for name, number in taken if name == claimant]
        assert own == sorted(own)


@given(CLAIMANTS)
def test_nobody_has_two_turns_while_another_waits_for_one(claimants: list[str]) -> None:
    left = Counter(claimants)
    previous = None
    for claimant, _ in take_all(queue_of(claimants)):
        assert claimant != previous or left.total() == left[claimant]
        left[claimant] -= 1
        previous = claimant


@given(CLAIMANTS, st.integers(0, 30), st.integers(0, 30))
def test_what_is_put_back_is_next_as_if_it_had_not_been_taken(claimants: list[str], take: int, put_back: int) -> None:
    expected = take_all(queue_of(claimants))
    turns = queue_of(claimants)
    taken = [turns.take() for _ in range(min(take, len(claimants)))]
    kept = max(len(taken) - put_back, 0)
    turns.put_back(taken[kept:])
    assert taken[:kept] + take_all(turns) == expected
