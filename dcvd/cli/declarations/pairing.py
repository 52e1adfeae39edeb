"""Pairs of what is declared with what there is."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dcvd.errors import DcvdError

_T = TypeVar("_T")


def pair(declared: Sequence[Any], found: Sequence[_T], passes: Sequence[Callable[[Any, _T], bool]]) -> dict[int, _T]:
    """Pair what is declared with what there is, each at most once, by the first way that fits."""
    pairs: dict[int, _T] = {}
    left = list(found)
    for fits in passes:
        for number, each in enumerate(declared):
            if number in pairs:
                continue
            match = next((one for one in left if fits(each, one)), None)
            if match is not None:
                pairs[number] = match
                left.remove(match)
    return pairs


def refuse_doubles(declared: Sequence[Any], attributes: Sequence[str]) -> None:
    """Raise DcvdError where two entries have the same value of an attribute."""
    for attribute in attributes:
        values = [value for each in declared if (value := getattr(each, attribute)) is not None]
        for value in values:
            if values.count(value) > 1:
                raise DcvdError(f"The file has two entries with the {attribute} {value}: make one of them.")
