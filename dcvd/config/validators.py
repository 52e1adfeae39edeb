"""Validators: functions that turn a TOML value into the value that the program uses, or raise its faults.

A validator raises InvalidValue with every fault of its value at once; a fault says where inside the value it is (`[2]`)
and what was expected there. A validator does not know the name of the key.
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from dcvd.core.durations import format_duration, format_size, parse_duration, parse_size

T = TypeVar("T")
Validator = Callable[[object], T]

_CENTURY_MS: Final = parse_duration("36500d")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class ValueFault(NamedTuple):
    """One fault of a value: its place below the key, the wrong part, and what was expected there."""

    path: str
    value: object
    expected: str


class InvalidValue(ValueError):
    """A value is not valid; `faults` is never empty."""

    def __init__(self, *faults: ValueFault) -> None:
        super().__init__("; ".join(fault.expected for fault in faults))
        self.faults = faults


def invalid_value(value: object, expected: str) -> InvalidValue:
    """Build the error of a value that is wrong as a whole."""
    return InvalidValue(ValueFault("", value, expected))


def boolean(value: object) -> bool:
    """Validate `true` or `false`."""
    if not isinstance(value, bool):
        raise invalid_value(value, "true or false")
    return value


def integer(*, at_least: int, at_most: int) -> Validator[int]:
    """Build a validator of integers within bounds, both included."""

    def validate(value: object) -> int:
        # For TOML a boolean is not an integer, for Python's isinstance it is.
        if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
            raise invalid_value(value, f"an integer from {at_least} to {at_most}")
        return value

    return validate


def number(*, at_least: float, at_most: float) -> Validator[float]:
    """Build a validator of numbers within bounds, both included."""

    def validate(value: object) -> float:
        # A value that is no number at all (nan) is within no bounds.
        if not isinstance(value, int | float) or isinstance(value, bool) or not at_least <= value <= at_most:
            raise invalid_value(value, f"a number from {at_least:g} to {at_most:g}")
        return float(value)

    return validate


def duration(*, at_least_ms: int = 0, at_most_ms: int = _CENTURY_MS) -> Validator[int]:
    """Build a validator of durations in quotes; bounds and result are in milliseconds."""
    expected = 'a duration in quotes, an integer and one of ms, s, m, h, d, such as "30s"'
    if at_least_ms > 0:
        expected += f", not less than {format_duration(at_least_ms)}"
    if at_most_ms < _CENTURY_MS:
        expected += f", not more than {format_duration(at_most_ms)}"
    return _quantity(parse_duration, expected, at_least_ms, at_most_ms)


def size(*, at_least: int, at_most: int) -> Validator[int]:
    """Build a validator of sizes in quotes; bounds and result are in bytes."""
    expected = (
        'a size in quotes, an integer and one of B, KiB, MiB, GiB, such as "1MiB", '
        f"from {format_size(at_least)} to {format_size(at_most)}"
    )
    return _quantity(parse_size, expected, at_least, at_most)


def text(expected: str, parse: Callable[[str], T]) -> Validator[T]:
    """Build a validator of strings that `parse` reads; a ValueError of `parse` becomes a fault with `expected`."""

    def validate(value: object) -> T:
        if not isinstance(value, str):
            raise invalid_value(value, expected)
        try:
            return parse(value)
        except ValueError as error:
            raise invalid_value(value, expected) from error

    return validate


def text_matching(pattern: str, expected: str) -> Validator[str]:
    """Build a validator of strings that the whole pattern matches."""
    compiled = re.compile(pattern, re.ASCII)

    def parse(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(expected)
        return value

    return text(expected, parse)


def one_of(*choices: str) -> Validator[str]:
    """Build a validator of a closed set of strings."""

    def validate(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise invalid_value(value, "one of " + ", ".join(f'"{choice}"' for choice in choices))
        return value

    return validate


def list_of(validate_item: Validator[T], *, at_least: int = 0, at_most: int = 1000) -> Validator[tuple[T, ...]]:
    """Build a validator of lists of valid entries; the faults of all entries are reported."""
    expected = f"a list of {at_least} to {at_most} entries" if at_least or at_most < 1000 else "a list"

    def validate(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or not at_least <= len(value) <= at_most:
            raise invalid_value(value, expected)
        items: list[T] = []
        faults: list[ValueFault] = []
        for index, item in enumerate(value):
            try:
                items.append(validate_item(item))
            except InvalidValue as error:
                faults += (fault._replace(path=f"[{index}]{fault.path}") for fault in error.faults)
        if faults:
            raise InvalidValue(*faults)
        return tuple(items)

    return validate


def table_of(validate_name: Validator[str], validate_item: Validator[T]) -> Validator[Mapping[str, T]]:
    """Build a validator of tables with any names; the result is read-only, the faults of all entries are reported."""

    def validate(value: object) -> Mapping[str, T]:
        if not isinstance(value, dict):
            raise invalid_value(value, "a table")
        items: dict[str, T] = {}
        faults: list[ValueFault] = []
        for name, item in value.items():
            path = f".{quoted_key(name)}"
            if isinstance(item, dict):  # a = b.c without quotes: TOML has read the dots of the name as tables
                faults.append(ValueFault(path, item, 'a list; a name with dots stands in quotes, as in "corp.example"'))
                continue
            try:
                checked_name = validate_name(name)
            except InvalidValue as error:
                faults += (fault._replace(path=path) for fault in error.faults)
                continue
            try:
                items[checked_name] = validate_item(item)
            except InvalidValue as error:
                faults += (fault._replace(path=path + fault.path) for fault in error.faults)
        if faults:
            raise InvalidValue(*faults)
        return MappingProxyType(items)

    return validate


def quoted_key(name: str) -> str:
    """Write a key as TOML does: in quotes only if it needs them."""
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _quantity(parse: Callable[[str], int], expected: str, at_least: int, at_most: int) -> Validator[int]:
    def parse_within(value: str) -> int:
        amount = parse(value)
        if not at_least <= amount <= at_most:
            raise ValueError(expected)
        return amount

    return text(expected, parse_within)
