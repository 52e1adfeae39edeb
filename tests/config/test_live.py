"""A value that is replaced while others hold on to it."""

import pytest

from dcvd.config import Live
from dcvd.errors import ConfigError


def test_whoever_holds_it_reads_the_present_value() -> None:
    live = Live(1)
    holder = live
    live.value = 2
    assert holder.value == 2


def test_a_derived_value_follows_and_so_does_what_is_derived_from_it() -> None:
    live = Live(1)
    doubled = live.derive(lambda value: value * 2)
    text = doubled.derive(str)
    assert (doubled.value, text.value) == (2, "2")
    live.value = 21
    assert (doubled.value, text.value) == (42, "42")


def test_a_value_from_which_something_cannot_be_derived_changes_nothing() -> None:
    def halve(value: int) -> int:
        if value % 2:
            raise ConfigError([f"{value} is odd."])
        return value // 2

    live = Live(4)
    doubled, halved = live.derive(lambda value: value * 2), live.derive(halve)
    quarter = halved.derive(halve)
    for refused in (5, 6):
        with pytest.raises(ConfigError, match="is odd"):
            live.value = refused
        assert (live.value, doubled.value, halved.value, quarter.value) == (4, 8, 2, 1)
