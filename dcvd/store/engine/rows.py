"""Many rows in one statement, and so in one step of the database.

A statement that is run for each row takes the interpreter's lock again after each step, and while the event loop is
busy each time can mean a millisecond. Rows are filled up with NULLs to a power of two, so that few statements have to
be prepared; every statement made so passes over rows whose first value is NULL.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

_MAX_ROWS: Final = 256


def split_rows(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[Any]]]:
    """The rows in slices: how many rows to write `places` for, and the values of all of them one after the other."""
    for start in range(0, len(rows), _MAX_ROWS):
        some = rows[start : start + _MAX_ROWS]
        count = 1 << (len(some) - 1).bit_length()
        values = [value for row in some for value in row]
        values += [None] * ((count - len(some)) * len(some[0]))
        yield count, values


@cache
def placeholders(count: int, width: int = 1) -> str:
    """`(?, ?), (?, ?)` for two rows of width two; of width one without the inner parentheses."""
    row = "?" if width == 1 else f"({', '.join('?' * width)})"
    return ", ".join([row] * count)
