"""Columns over time: where each stands in a drawing."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

_GAP_SHARE: Final = 0.2
"""Of a column's room that stays empty."""
_MIN_HEIGHT: Final = 2.0
"""So high is at least what is more than nothing: else nobody would see one failure among many requests."""


class Column(Struct, frozen=True):
    """A column in a drawing whose y grows downwards: it reaches from `height` above the ground to the ground.

    part_height: of the part of it that stands on the ground in another colour.
    """

    x: float
    width: float
    y: float
    height: float
    part_y: float
    part_height: float


class ColumnChart(Struct, frozen=True):
    """A drawing of columns. maximum: the value of one that is as high as the drawing."""

    width: int
    height: int
    maximum: int
    columns: tuple[Column, ...]


def lay_out_columns(values: Sequence[tuple[int, int]], *, width: int, height: int) -> ColumnChart:
    """Return a chart of values, each with the part of it that is drawn in another colour."""
    maximum = max((whole for whole, _ in values), default=0)
    room = width / max(len(values), 1)

    def scale(value: int) -> float:
        return max(round(height * value / maximum, 2), _MIN_HEIGHT) if value else 0.0

    columns = []
    for index, (whole, part) in enumerate(values):
        whole_height, part_height = scale(whole), scale(part)
        columns.append(
            Column(
                x=round(index * room + room * _GAP_SHARE / 2, 2),
                width=round(room * (1 - _GAP_SHARE), 2),
                y=height - whole_height,
                height=whole_height,
                part_y=height - part_height,
                part_height=part_height,
            )
        )
    return ColumnChart(width, height, maximum, tuple(columns))
