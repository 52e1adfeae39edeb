"""Durations and sizes as people write them: `"30s"` is 30000 milliseconds, `"1MiB"` is 1048576 bytes.

A text is one integer and one unit, so that it can be read in one way only. Sizes have binary units alone (IEC
80000-13), because `kB` and `MB` mean 1000 to some and 1024 to others.
"""

import re
from collections.abc import Mapping
from typing import Final

_DURATION_UNITS: Final[Mapping[str, int]] = {
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_SIZE_UNITS: Final[Mapping[str, int]] = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}

_SPAN_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))

# Nine digits of days still fit a 64-bit count of milliseconds, which is what the database stores.
_QUANTITY: Final = re.compile(r"([0-9]{1,9})([A-Za-z]+)")


def parse_duration(text: str) -> int:
    """Return the milliseconds of `"250ms"`, `"30s"`, `"5m"`, `"4h"` or `"90d"`. Raises ValueError with a sentence."""
    return _parse(text, _DURATION_UNITS, 'a duration is an integer and one of ms, s, m, h, d, such as "30s"')


def format_duration(milliseconds: int) -> str:
    """Write a duration in the largest unit that divides it, so that `parse_duration` reads the same value."""
    return _format(milliseconds, _DURATION_UNITS, zero="0s")


def format_span(milliseconds: int) -> str:
    """Write how long something lasts for people, in its largest unit, rounded down; from two days on in days."""
    for unit_ms, unit in _SPAN_UNITS:
        if milliseconds >= (2 * unit_ms if unit == "d" else unit_ms):
            return f"{milliseconds // unit_ms} {unit}"
    return f"{milliseconds} ms"


def format_bytes(size: int) -> str:
    """Write a size for people, in its largest unit; with a decimal where it is a small number."""
    unit, factor = next(((unit, factor) for unit, factor in _SIZE_UNITS.items() if abs(size) >= factor), ("B", 1))
    number = size / factor
    return f"{number:.1f} {unit}" if factor > 1 and abs(number) < 10 else f"{round(number):,} {unit}"


def parse_size(text: str) -> int:
    """Return the bytes of `"512B"`, `"64KiB"`, `"1MiB"` or `"2GiB"`. Raises ValueError with a sentence."""
    return _parse(text, _SIZE_UNITS, 'a size is an integer and one of B, KiB, MiB, GiB, such as "1MiB"')


def format_size(size: int) -> str:
    """Write a size in the largest unit that divides it, so that `parse_size` reads the same value."""
    return _format(size, _SIZE_UNITS, zero="0B")


def _parse(text: str, units: Mapping[str, int], rule: str) -> int:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(f'"{text}" cannot be read: {rule}.')
    return int(match[1]) * units[match[2]]


def _format(amount: int, units: Mapping[str, int], *, zero: str) -> str:
    if amount < 0:
        raise ValueError(f"{amount} is negative; neither durations nor sizes are.")
    if amount == 0:
        return zero
    unit = next(unit for unit, factor in units.items() if amount % factor == 0)
    return f"{amount // units[unit]}{unit}"
