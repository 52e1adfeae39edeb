"""How many bytes are held at once, in all and for each claimant."""

import pytest

from dcvd.errors import Retryable
from dcvd.kit.limits.byte_budget import ByteBudget


def refused(budget: ByteBudget, size: int, claimant: str) -> bool:
    try:
        budget.open().grow_to(size, claimant)
    except Retryable as error:
        return (error.code, error.retry_after_s) == ("busy", 1)
    return False


def test_a_claimant_holds_no_more_than_its_limit_and_all_no_more_than_theirs() -> None:
    budget = ByteBudget(100, 60)
    first = budget.open()
    first.grow_to(50, "a")
    assert refused(budget, 11, "a")
    assert not refused(budget, 10, "a")
    assert refused(budget, 41, "b")
    assert not refused(budget, 40, "b")


def test_what_is_released_can_be_held_again_and_is_released_once() -> None:
    budget = ByteBudget(100, 100)
    first, second = budget.open(), budget.open()
    first.grow_to(100, "a")
    first.release()
    first.release()
    second.grow_to(100, "b")
    assert refused(budget, 1, "a")


def test_a_reservation_grows_as_pieces_arrive_and_never_shrinks() -> None:
    budget = ByteBudget(100, 100)
    growing = budget.open()
    for size in (10, 60, 30):
        growing.grow_to(size, "a")
    assert refused(budget, 41, "b")
    with pytest.raises(Retryable):
        budget.open().grow_to(41, "a")
    assert not refused(budget, 40, "b")


def test_what_is_larger_than_a_limit_is_held_where_nothing_else_is() -> None:
    budget = ByteBudget(100, 50)
    large = budget.open()
    large.grow_to(70, "a")
    large.grow_to(170, "a")
    assert refused(budget, 1, "a")
    assert refused(budget, 1, "b")


def test_zero_is_no_limit() -> None:
    budget = ByteBudget(0, 0)
    for _ in range(3):
        assert not refused(budget, 1 << 40, "a")
