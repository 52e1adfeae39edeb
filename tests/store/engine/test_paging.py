"""Pages of the rows that match, out of so many that are examined."""

from collections.abc import Callable

import pytest

from dcvd.store.engine.paging import Page, collect_page, decode_cursor

ROWS = [f"{number:03}" for number in range(100, 0, -1)]


def collect(
    matches: Callable[[str], bool], cursor: str | None, *, limit: int, max_examined: int = 2_000
) -> tuple[Page[str], int]:
    """A page, and how many rows were fetched for it."""
    fetched: list[str] = []

    def fetch(before: str | None, count: int) -> list[str]:
        rows = [row for row in ROWS if before is None or row < before][:count]
        fetched.extend(rows)
        return rows

    page = collect_page(
        fetch, decode_cursor(cursor), limit=limit, matches=matches, key=lambda row: row, max_examined=max_examined
    )
    return page, len(fetched)


@pytest.mark.parametrize("limit", [1, 3, 7, 50, 100, 250])
@pytest.mark.parametrize("max_examined", [1, 10, 99, 100, 101, 2_000])
@pytest.mark.parametrize("every", [1, 7, 101])
def test_all_pages_together_are_all_that_match_each_once(limit: int, max_examined: int, every: int) -> None:
    def matches(row: str) -> bool:
        return int(row) % every == 0

    found: list[str] = []
    cursor: str | None = None
    while True:
        page, fetched = collect(matches, cursor, limit=limit, max_examined=max_examined)
        assert len(page.items) <= limit
        assert fetched <= max_examined
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [row for row in ROWS if matches(row)]


def test_a_full_page_of_what_matches_reads_one_row_more_than_it_has() -> None:
    page, fetched = collect(lambda _: True, None, limit=5)
    assert (page.items, fetched) == (ROWS[:5], 6)
    assert decode_cursor(page.next_cursor) == ROWS[4]


def test_a_page_of_nothing_ends_where_it_may_examine_no_more() -> None:
    page, fetched = collect(lambda _: False, None, limit=5, max_examined=40)
    assert (page.items, fetched) == ([], 40)
    assert decode_cursor(page.next_cursor) == ROWS[39]
