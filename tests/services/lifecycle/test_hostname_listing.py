"""The list of the zone is read whole, whatever happens to it meanwhile."""

from collections.abc import Sequence

import pytest

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import Permanent, Retryable
from dcvd.services.lifecycle.hostname_listing import list_hostnames

PAGE_SIZE = 2


class ShiftingList:
    """A list of names whose state is another one at each request, as `states` says; the last one stays."""

    def __init__(self, *states: Sequence[str], unreadable: int = 0) -> None:
        self._states = list(states)
        self.unreadable = unreadable
        self.requested: list[int] = []
        self.errors: list[Exception] = []

    async def list_page(self, number: int) -> CustomHostnamePage:
        self.requested.append(number)
        if self.errors:
            raise self.errors.pop(0)
        names = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        first = (number - 1) * PAGE_SIZE
        found = [
            CloudflareHostname(id=f"id-{name}", hostname=name, status=None, ssl_status=None)
            for name in names[first : first + PAGE_SIZE]
        ]
        total = len(names) + self.unreadable
        return CustomHostnamePage(found, -(-total // PAGE_SIZE), total, self.unreadable if number == 1 else 0)


async def names_of(lister: ShiftingList) -> list[str]:
    pages = list_hostnames(lister, retry_delays_s=(0.0, 0.0))
    return [each.hostname async for page in pages for each in page.hostnames]


async def test_a_list_that_stays_is_read_once() -> None:
    lister = ShiftingList("abcde")
    assert await names_of(lister) == list("abcde")
    assert lister.requested == [1, 2, 3]


async def test_one_that_slipped_to_an_earlier_page_is_found_by_another_pass_and_nothing_comes_twice() -> None:
    lister = ShiftingList("abcde", "bcde")
    assert sorted(await names_of(lister)) == list("abcde")
    assert lister.requested == [1, 2, 1, 2]


async def test_one_that_slipped_to_a_later_page_comes_once() -> None:
    assert await names_of(ShiftingList("bcde", "abcde")) == list("bcdea")


async def test_a_list_that_always_shifts_is_given_up() -> None:
    lister = ShiftingList(*(("abcd", "bcd") * 5))
    await names_of(lister)
    assert len(lister.requested) <= 3 * 2


async def test_entries_that_cannot_be_read_cause_no_second_pass_and_are_counted() -> None:
    lister = ShiftingList("abc", unreadable=1)
    pages = [page async for page in list_hostnames(lister)]
    assert [page.unreadable for page in pages] == [1, 0]
    assert lister.requested == [1, 2]


async def test_an_empty_zone_is_one_page_without_hostnames() -> None:
    assert await names_of(ShiftingList("")) == []


async def test_a_page_that_fails_for_a_while_is_asked_for_again() -> None:
    lister = ShiftingList("abc")
    lister.errors = [Retryable("down"), Retryable("down")]
    assert await names_of(lister) == list("abc")
    lister.errors = [Retryable("down")] * 3
    with pytest.raises(Retryable):
        await names_of(lister)
    lister.errors = [Permanent("no")]
    lister.requested.clear()
    with pytest.raises(Permanent):
        await names_of(lister)
    assert lister.requested == [1]
