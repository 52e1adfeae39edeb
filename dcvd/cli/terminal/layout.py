"""Which columns of a list there is room for, and how wide each is."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.cli.terminal.tables import GAP

_LAST: Final = 1_000_000


class ColumnSize(Struct, frozen=True):
    """`natural`: the width that shows all of its cells. `shortest` and `gives_way`: as for Column."""

    natural: int
    shortest: int | None
    gives_way: int | None

    @property
    def narrowest(self) -> int:
        return self.natural if self.shortest is None else min(self.natural, self.shortest)


def fit_columns(sizes: Sequence[ColumnSize], room: int | None) -> dict[int, int]:
    """Return the widths of the columns that are shown, by their index; `room` is the width of a line.

    Columns are cut before any is left out, and cut no more than is needed. Those that never give way stay, even where
    a line becomes too long.
    """
    shown = list(range(len(sizes)))
    order = sorted(shown, key=lambda index: _LAST if (turn := sizes[index].gives_way) is None else turn)
    leaving = [index for index in order if sizes[index].gives_way is not None]
    if room is not None:
        while leaving and _measure([sizes[index].narrowest for index in shown]) > room:
            shown.remove(leaving.pop(0))
    widths = {index: sizes[index].natural for index in shown}
    for index in order:
        if room is not None and index in widths:
            excess = max(_measure(list(widths.values())) - room, 0)
            widths[index] = max(widths[index] - excess, sizes[index].narrowest)
    return widths


def _measure(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)
