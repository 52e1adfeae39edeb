"""Lists in pages: every way to the next one, and servers whose pages never end."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.config.http_api_section import HttpApiDescription
from dcvd.core.records.zones import Zone
from dcvd.errors import Permanent, RemoteError, Retryable
from tests.providers.http.servers import LINODE, DescribedServer, described

ZONE = Zone(id="7", name="customer.com")
NAME = "www.customer.com"
BY_CURSOR = replace(LINODE, pages="", next_page="meta.next", page_parameter="cursor")


class CursorServer(DescribedServer):
    """A list whose pages each name the next one; `following` says by what, from the number of the page that it has."""

    value = "target"

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last
        self.following: Callable[[int], Any] = lambda number: f"c{number + 1}"
        self.queries: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.queries.append(request.query_string)
        number = int(request.query.get("cursor", "c1").removeprefix("c"))
        entry = {"id": number, "type": "TXT", "name": "www", "target": f"text {number}", "ttl_sec": 60}
        following = self.following(number) if number < self.last else None
        return web.json_response({"data": [entry], "meta": {"next": following}})


async def texts(server: DescribedServer, description: HttpApiDescription = BY_CURSOR) -> list[str]:
    async with described(server, description) as driver:
        return [record.value for record in await driver.read(ZONE, NAME)]


async def refusal(server: DescribedServer, description: HttpApiDescription = BY_CURSOR) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await texts(server, description)
    return caught.value


def numbered(last: int) -> list[str]:
    return [f"text {number}" for number in range(1, last + 1)]


@pytest.mark.parametrize(
    "following",
    [
        lambda number: f"c{number + 1}",
        lambda number: number + 1,
        lambda number: f"/v4/domains/7/records?cursor=c{number + 1}",
    ],
    ids=["a word", "a number", "a path"],
)
async def test_the_cursor_of_a_page_leads_to_the_next_until_there_is_none(following: Callable[[int], Any]) -> None:
    server = CursorServer(4)
    server.following = following
    assert await texts(server) == numbered(4)
    assert len(server.calls) == 4


async def test_a_cursor_is_quoted_and_takes_the_place_of_none_that_the_path_has() -> None:
    server = CursorServer(2)
    server.following = lambda number: "c2"
    described_with_a_query = replace(BY_CURSOR, records_path="/v4/domains/{zone_id}/records?size=50")
    assert await texts(server, described_with_a_query) == numbered(2)
    assert server.queries == ["size=50", "size=50&cursor=c2"]
    server = CursorServer(2)
    server.following = lambda number: "a&b=c#d"
    server.fault = lambda method, path: (
        None if "cursor" not in path else web.json_response({"data": [], "meta": {"next": None}})
    )
    assert await texts(server) == numbered(1)
    assert server.calls[-1][1].endswith("cursor=a%26b%3Dc%23d")


@pytest.mark.parametrize("none", [None, "", False])
async def test_a_list_that_names_no_next_page_has_one_page(none: object) -> None:
    server = CursorServer(9)
    server.following = lambda number: none
    assert await texts(server) == numbered(1)


@pytest.mark.parametrize("pages", [20, 21])
async def test_a_list_of_twenty_pages_is_read_and_one_of_more_is_refused(pages: int) -> None:
    server = CursorServer(pages)
    if pages == 20:
        assert await texts(server) == numbered(20)
    else:
        error = await refusal(server)
        assert (type(error), error.code) == (Permanent, "provider_refused")
        assert "more than 20 pages" in error.message
    assert len(server.calls) == 20


@pytest.mark.parametrize(
    "following",
    [lambda number: "c1", lambda number: "c2" if number == 1 else "c1", lambda number: "/v4/domains/7/records"],
    ids=["to itself", "in a circle", "to the path of the first"],
)
async def test_a_next_page_that_was_read_already_is_not_followed_and_no_record_is_taken_twice(
    following: Callable[[int], Any],
) -> None:
    server = CursorServer(9)
    server.following = following
    error = await refusal(server)
    assert (type(error), error.code) == (Retryable, "provider_unexpected")
    assert len(server.calls) <= 3


@pytest.mark.parametrize("following", [["c2"], {"cursor": "c2"}, 1.5, True, "c" * 513])
async def test_a_next_page_that_is_none_is_not_asked_for(following: object) -> None:
    server = CursorServer(9)
    server.following = lambda number: following
    error = await refusal(server)
    assert (type(error), error.code) == (Retryable, "provider_unexpected")
    assert len(server.calls) == 1


@pytest.mark.parametrize("total", [None, "3", True, [], {}, 2.5])
async def test_a_number_of_pages_that_is_no_number_is_no_answer(total: object) -> None:
    server = CursorServer(9)
    server.fault = lambda method, path: web.json_response({"data": [], "pages": total})
    error = await refusal(server, LINODE)
    assert error.code == "provider_unexpected"
    assert "number of pages" in error.message


@pytest.mark.parametrize("total", [0, -1, 1])
async def test_a_number_of_pages_below_two_stands_for_one_page(total: object) -> None:
    server = CursorServer(9)
    entry = {"id": 1, "type": "TXT", "name": "www", "target": "text 1", "ttl_sec": 60}
    server.fault = lambda method, path: web.json_response({"data": [entry], "pages": total})
    assert await texts(server, LINODE) == numbered(1)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [500, 429, 404])
async def test_a_page_in_the_middle_that_fails_leaves_nothing_half_read(status: int) -> None:
    server = CursorServer(4)
    server.fault = lambda method, path: server.problem(status, "") if path.endswith("c3") else None
    error = await refusal(server)
    assert str(status) in error.message
    assert len(server.calls) == 3


async def test_a_name_with_more_records_than_are_kept_is_refused() -> None:
    server = CursorServer(20)
    many = [{"id": number, "type": "TXT", "name": "www", "target": str(number)} for number in range(501)]
    server.fault = lambda method, path: web.json_response({"data": many, "meta": {"next": None}})
    error = await refusal(server)
    assert "more than 500 records" in error.message
    assert len(server.calls) == 1
