"""How much of a list is read, and what came."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

COUNTED_ON: Final = 1000
"""How many more are counted behind those that are shown; beyond that it is said that there are more than these."""
_T = TypeVar("_T")


class Extent(Struct, frozen=True):
    """How much of a list is wanted; `limit`: None is all. `counts_more`: whether those behind it are counted."""

    limit: int | None = None
    counts_more: bool = True


EVERYTHING: Final = Extent()


class Listed(Struct, Generic[_T], frozen=True):
    """The first of a list, and how many more there are: exactly so, or at least so many."""

    items: list[_T]
    more: int = 0
    is_exact: bool = True


async def read_extent(
    read_page: Callable[[str | None, int], Awaitable[tuple[Sequence[_T], str | None]]],
    extent: Extent,
    *,
    page_size: int,
) -> Listed[_T]:
    """Read as many pages as are wanted; `read_page` takes a cursor and the size of a page, and returns the items of one
    page, and the cursor of the next, or None.
    """
    items: list[_T] = []
    cursor: str | None = None
    while True:
        wanted = page_size if extent.limit is None else min(page_size, extent.limit - len(items))
        page, cursor = await read_page(cursor, wanted)
        items += page
        if cursor is None or (extent.limit is not None and len(items) >= extent.limit):
            break
    excess = 0 if extent.limit is None else max(len(items) - extent.limit, 0)
    if cursor is None or not extent.counts_more:
        return Listed(items[: extent.limit], excess + (cursor is not None), is_exact=cursor is None)
    more = excess
    while cursor is not None and more < COUNTED_ON:
        page, cursor = await read_page(cursor, page_size)
        more += len(page)
    return Listed(items[: extent.limit], more, is_exact=cursor is None)


def take_extent(items: Sequence[_T], extent: Extent) -> Listed[_T]:
    """Take as much as is wanted of a list that was read as a whole."""
    taken = list(items[: extent.limit])
    return Listed(taken, len(items) - len(taken))
