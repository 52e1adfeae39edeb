"""How much of a list a command reads."""

from collections.abc import Sequence

import pytest

from dcvd.cli.extents import COUNTED_ON, EVERYTHING, Extent, Listed, read_extent, take_extent

PAGE = 250


class Server:
    """Has so many numbers, and counts its calls."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.calls = 0

    async def read_page(self, cursor: str | None, size: int) -> tuple[Sequence[int], str | None]:
        self.calls += 1
        start = int(cursor or 0)
        end = min(start + size, self.count)
        return range(start, end), None if end == self.count else str(end)


@pytest.mark.parametrize(
    ("count", "extent", "shown", "more", "is_exact"),
    [
        (0, Extent(50), 0, 0, True),
        (50, Extent(50), 50, 0, True),
        (51, Extent(50), 50, 1, True),
        (512, Extent(50), 50, 462, True),
        (600, Extent(300), 300, 300, True),
        (700, EVERYTHING, 700, 0, True),
        (512, Extent(50, counts_more=False), 50, 1, False),
    ],
)
async def test_so_many_are_read_and_the_others_are_counted(
    count: int, extent: Extent, shown: int, more: int, is_exact: bool
) -> None:
    found = await read_extent(Server(count).read_page, extent, page_size=PAGE)
    assert found == Listed(list(range(shown)), more, is_exact)


async def test_counting_ends_where_nobody_would_read_the_number_any_more() -> None:
    server = Server(1_000_000)
    found = await read_extent(server.read_page, Extent(50), page_size=PAGE)
    assert (len(found.items), found.more, found.is_exact) == (50, COUNTED_ON, False)
    assert server.calls == 1 + COUNTED_ON / PAGE


def test_a_list_that_was_read_as_a_whole_is_cut_likewise() -> None:
    assert take_extent([1, 2, 3], Extent(2)) == Listed([1, 2], 1)
    assert take_extent([1, 2, 3], EVERYTHING) == Listed([1, 2, 3])
