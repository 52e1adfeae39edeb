"""The list call: pages, filters, order."""

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


@pytest.fixture
async def seven(caller: Caller) -> list[Any]:
    return [await caller.create(f"h{number}.customer.test") for number in range(7)]


async def names(caller: Caller, query: str) -> list[str]:
    return [record["hostname"] for record in (await caller.hostnames("GET", f"?{query}")).result]


async def test_pages_hold_every_hostname_once_and_those_past_the_last_are_empty(
    caller: Caller, seven: list[Any]
) -> None:
    answers = [await caller.hostnames("GET", f"?per_page=5&page={page}") for page in (1, 2, 3, 99)]
    assert [len(answer.result) for answer in answers] == [5, 2, 0, 0]
    assert [record["id"] for answer in answers for record in answer.result] == [record["id"] for record in seven]
    assert answers[1].body["result_info"] == {
        "page": 2,
        "per_page": 5,
        "count": 2,
        "total_count": 7,
        "total_pages": 2,
    }


async def test_an_empty_zone_has_no_pages(caller: Caller) -> None:
    answer = await caller.hostnames()
    assert answer.body["result_info"] == {"page": 1, "per_page": 20, "count": 0, "total_count": 0, "total_pages": 0}


@pytest.mark.parametrize(
    "query",
    [
        "per_page=4",
        "per_page=51",
        "per_page=x",
        "page=0",
        "page=-1",
        "page=1.5",
        "ssl=2",
        "wildcard=perhaps",
        "hostname_status=happy",
        "ssl_status=happy",
        "certificate_authority=digicert",
        "order=hostname",
        "direction=up",
        "hostname.exact=a.test&hostname.contain=a",
    ],
)
async def test_a_parameter_out_of_its_range_is_a_400_that_names_it(caller: Caller, query: str) -> None:
    answer = await caller.hostnames("GET", f"?{query}")
    assert answer.error == (400, 6003)
    assert query.partition("=")[0] in answer.body["errors"][0]["message"]


async def test_names_are_found_exactly_by_start_and_by_part(caller: Caller, seven: list[Any]) -> None:
    await caller.create("shop.other.test")
    assert await names(caller, "hostname.exact=H3.customer.test") == ["h3.customer.test"]
    assert await names(caller, "hostname.exact=3.customer.test") == []
    assert await names(caller, "hostname.startsWith=sho") == ["shop.other.test"]
    assert await names(caller, "hostname.startsWith=op.other") == []
    assert await names(caller, "hostname.contain=op.oth") == ["shop.other.test"]
    assert await names(caller, "hostname=h3.customer.test") == ["h3.customer.test"]


async def test_an_id_is_found_and_goes_with_no_other_filter(caller: Caller, seven: list[Any]) -> None:
    wanted = seven[4]
    assert await names(caller, f"id={wanted['id']}") == [wanted["hostname"]]
    for other in ("hostname=a", "hostname.exact=a", "hostname_status=active", "ssl=1"):
        assert (await caller.hostnames("GET", f"?id={wanted['id']}&{other}")).error == (400, 1438)
    assert (await caller.hostnames("GET", "?id=7")).error == (400, 1435)


@pytest.mark.parametrize("value", ["192.0.2.1", "x" * 256])
async def test_a_part_that_can_be_in_no_name_is_refused_as_1437(caller: Caller, value: str) -> None:
    assert (await caller.hostnames("GET", f"?hostname.contain={value}")).error == (400, 1437)


async def test_states_are_filtered_as_they_are_now(caller: Caller, seven: list[Any]) -> None:
    await caller.point("h2.customer.test")
    assert len(await names(caller, "ssl_status=initializing")) == 7
    await caller.wait("5m")
    assert await names(caller, "hostname_status=active") == ["h2.customer.test"]
    assert await names(caller, "ssl_status=active") == ["h2.customer.test"]
    assert len(await names(caller, "ssl_status=pending_validation&hostname_status=pending")) == 6


async def test_certificates_are_filtered_by_what_was_ordered(caller: Caller) -> None:
    await caller.hostnames("POST", body={"hostname": "none.test"})
    await caller.create("google.test")
    await caller.create("le.test", certificate_authority="lets_encrypt", wildcard=True)
    assert await names(caller, "ssl=0") == ["none.test"]
    assert await names(caller, "ssl=1") == ["google.test", "le.test"]
    assert await names(caller, "certificate_authority=lets_encrypt") == ["le.test"]
    assert await names(caller, "wildcard=true") == ["le.test"]
    assert await names(caller, "wildcard=false") == ["google.test"]
    assert await names(caller, "order=ssl&direction=desc") == ["google.test", "le.test", "none.test"]
    assert await names(caller, "direction=desc") == ["le.test", "google.test", "none.test"]
