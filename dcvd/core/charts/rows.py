"""Rows of parts that follow each other from left to right: where each stands in a drawing."""

from collections.abc import Iterable

from msgspec import Struct


class RowPart(Struct, frozen=True):
    """A part of a row."""

    x: float
    width: float


def lay_out_row(lengths: Iterable[int], *, longest: int, width: int) -> list[RowPart]:
    """Place the parts of a row; `longest` is the sum of the row that takes the whole width."""
    parts, x = [], 0.0
    for length in lengths:
        part_width = width * length / max(longest, 1)
        parts.append(RowPart(round(x, 2), round(part_width, 2)))
        x += part_width
    return parts
