"""Cursor pages: stable while rows come and go, because a cursor names the last row seen and not a number of rows."""

import base64
import binascii
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct

from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

T = TypeVar("T")

MAX_LIMIT: Final = 250
DEFAULT_LIMIT: Final = 50
MAX_EXAMINED: Final = 2_000
"""Rows that one page examines for those that match; a page may be short of its limit, but it comes soon."""
HIGHEST_KEY: Final = "\U0010ffff"
"""Sorts after every identifier: where a list that goes from new to old begins."""


class Page(Struct, Generic[T], frozen=True):
    """Some rows, and the cursor of the next page or None at the end."""

    items: list[T]
    next_cursor: str | None


def decode_cursor(cursor: str | None) -> str | None:
    """Return the row that a cursor names. Raises InvalidInput for a text that is no cursor of ours."""
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise InvalidInput("cursor", word("cursor_unusable")) from error


def encode_cursor(key: str) -> str:
    """Return the cursor that names a row."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def build_page(rows: list[T], limit: int, keys: list[str]) -> Page[T]:
    """Build a page of `limit` from up to `limit + 1` rows; `keys` are the values that name each row in its order."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], encode_cursor(keys[limit - 1]))


def collect_page(
    fetch: Callable[[str | None, int], list[T]],
    position: str | None,
    *,
    limit: int,
    matches: Callable[[T], bool],
    key: Callable[[T], str],
    max_examined: int = MAX_EXAMINED,
) -> Page[T]:
    """Collect a page of the rows that match, out of the next `max_examined`. It may be short, and have a next one.

    fetch: returns the next rows behind a position, no more than so many. key: the position of a row.
    """
    found: list[T] = []
    examined, size = 0, limit + 1
    while examined < max_examined:
        size = min(size, max_examined - examined)
        rows = fetch(position, size)
        for row in rows:
            if matches(row):
                if len(found) == limit:
                    return Page(found, encode_cursor(key(found[-1])))
                found.append(row)
        if len(rows) < size:
            return Page(found, None)
        position, examined, size = key(rows[-1]), examined + size, 2 * size
    assert position is not None, "rows were examined"
    return Page(found, encode_cursor(position))
