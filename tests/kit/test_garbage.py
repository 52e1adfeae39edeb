"""A program that has begun looks for garbage seldom, and never among what its start made."""

import gc
from collections.abc import Iterator

import pytest

from dcvd.kit.garbage import settle_garbage_collection

_PYTHONS_OWN = (700, 10, 10)


@pytest.fixture(autouse=True)
def _threshold() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*_PYTHONS_OWN)
    yield
    gc.set_threshold(*before)


def test_what_a_start_made_is_left_alone_and_new_objects_are_looked_at_less_often() -> None:
    made = [object()]
    assert any(each is made for each in gc.get_objects())
    settle_garbage_collection()
    assert not any(each is made for each in gc.get_objects())
    assert gc.get_threshold() > _PYTHONS_OWN


def test_garbage_of_later_is_still_found() -> None:
    settle_garbage_collection()
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.isenabled()
    assert gc.collect() >= 1
