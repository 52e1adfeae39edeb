"""Lines over time: the way that each takes through a drawing whose y grows downwards."""

from collections.abc import Sequence
from typing import Final

_STEPS: Final = (1, 2, 5)


def choose_ceiling(highest: int) -> int:
    """Return the round number that a scale from 0 on has at its end: 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= highest:
                return step * power
        power *= 10


def draw_line(values: Sequence[int | None], *, ceiling: int, width: int, height: int) -> str:
    """Return the data of an SVG path through values that stand in the middle of columns; None leaves a gap.

    A value between two gaps is a line without length, which round caps show as a point.
    """
    room, parts, is_open = width / max(len(values), 1), [], False
    for index, value in enumerate(values):
        if value is None:
            is_open = False
            continue
        x, y = round(room * (index + 0.5), 2), round(height * (1 - value / ceiling), 2)
        parts.append(f"L{x} {y}" if is_open else f"M{x} {y}h0")
        is_open = True
    return "".join(parts)
