"""A zone that has very many hostnames from the start."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.hostnames.preloaded import PreloadedHostnames, build_hostname_id, build_hostname_name
from tests.sandbox.conftest import Caller

_MANY = 1_000_000


@pytest.fixture
async def full() -> AsyncIterator[Caller]:
    settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=60.0, preloaded=_MANY)
    async with Sandbox(settings) as sandbox, aiohttp.ClientSession() as session:
        sandbox.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        yield Caller(session, sandbox)


async def test_every_page_of_a_million_shows_its_hostnames_active(full: Caller) -> None:
    began = time.process_time()
    for page, first in ((1, 0), (10_000, 499_950), (20_000, 999_950)):
        answer = await full.hostnames("GET", f"?page={page}&per_page=50")
        assert [record["hostname"] for record in answer.result] == [build_hostname_name(first + n) for n in range(50)]
        assert {(record["status"], record["ssl"]["status"]) for record in answer.result} == {("active", "active")}
        assert answer.body["result_info"]["total_pages"] == 20_000
    assert (await full.hostnames("GET", "?page=20001&per_page=50")).result == []
    assert time.process_time() - began < 2


async def test_each_is_found_by_its_id_and_those_past_the_last_are_not(full: Caller) -> None:
    assert (await full.hostnames("GET", f"/{build_hostname_id(999_999)}")).result["hostname"] == "n999999.customer.test"
    assert (await full.hostnames("GET", f"/{build_hostname_id(_MANY)}")).error == (404, 1436)


async def test_one_that_was_removed_is_on_no_page_and_may_be_created_again(full: Caller) -> None:
    assert (await full.hostnames("DELETE", f"/{build_hostname_id(1)}")).status == 200
    assert (await full.hostnames("GET", f"/{build_hostname_id(1)}")).error == (404, 1436)
    shown = (await full.hostnames("GET", "?per_page=5")).result
    assert [record["hostname"] for record in shown] == [build_hostname_name(n) for n in (0, 2, 3, 4, 5)]
    last = (await full.hostnames("GET", "?page=20000&per_page=50")).result
    assert (len(last), last[-1]["hostname"]) == (49, "n999999.customer.test")


async def test_one_that_was_changed_keeps_its_place_and_its_change(full: Caller) -> None:
    await full.control("PATCH", "/hostnames/n2.customer.test", {"status": "moved"})
    shown = (await full.hostnames("GET", "?per_page=5")).result
    assert [(record["hostname"], record["status"]) for record in shown[1:4]] == [
        ("n1.customer.test", "active"),
        ("n2.customer.test", "moved"),
        ("n3.customer.test", "active"),
    ]


async def test_its_own_record_decides_once_one_is_set(full: Caller) -> None:
    full.sandbox.set_dns("n7.customer.test", "CNAME", ["elsewhere.test."])
    edited = await full.hostnames("PATCH", f"/{build_hostname_id(7)}", {"ssl": {"method": "http", "type": "dv"}})
    await full.control("POST", "/clock", {"advance": "1d"})
    assert edited.status == 202
    shown = (await full.hostnames("GET", f"/{build_hostname_id(7)}")).result
    assert shown["ssl"]["status"] == "pending_validation"


@pytest.mark.parametrize(
    "name",
    ["n10.customer.test", "n-1.customer.test", "n01.customer.test", "n.customer.test", "n1.customer.test.test", "x"],
)
def test_names_that_are_not_among_them_are_not_found(name: str) -> None:
    assert PreloadedHostnames(10, 10**12).find_index_by_name(name) is None


def test_names_and_ids_lead_back_to_the_number() -> None:
    preloaded = PreloadedHostnames(1_000, 10**12)
    for index in (0, 9, 10, 999):
        assert (
            preloaded.find_index_by_name(build_hostname_name(index))
            == preloaded.find_index(build_hostname_id(index))
            == index
        )
