"""Write many rows in one statement, and so in one step of the database.

A statement that runs once for each row takes the interpreter's lock again after each step, and while the event loop is
busy each time can mean a millisecond. Rows whose first value is NULL fill them up to a power of two, so that few
statements have to be prepared; every statement made so passes over them. Their other values are 0: sqlite3 takes as
long for one NULL as for fifteen numbers, because it looks for an adapter first.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

_MAX_ROWS: Final = 256


def split_rows(rows: Sequence[Sequence[Any]], *, max_rows: int = _MAX_ROWS) -> Iterator[tuple[int, list[Any]]]:
    """Split rows into slices; yield for each the count to give to `placeholders`, and its values as one list.

    max_rows: of a slice; of another number than a power of two, the one below it counts.
    """
    size = 1 << (max_rows.bit_length() - 1)
    for start in range(0, len(rows), size):
        row_slice = rows[start : start + size]
        count = 1 << (len(row_slice) - 1).bit_length()
        values = list(chain.from_iterable(row_slice))
        values += (None, *(0 for _ in row_slice[0][1:])) * (count - len(row_slice))
        yield count, values


@cache
def placeholders(count: int, width: int = 1) -> str:
    """Return `(?, ?), (?, ?)` for two rows of width two; for width one, without the inner parentheses."""
    row = "?" if width == 1 else f"({', '.join('?' * width)})"
    return ", ".join([row] * count)
