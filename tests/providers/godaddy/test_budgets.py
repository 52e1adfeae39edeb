"""Sixty calls a minute with one credential, whoever makes them."""

import asyncio
import time

import pytest

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Retryable
from dcvd.kit.http.fetch import FetchResponse
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from tests.providers.godaddy.server import KEY, PAT, GodaddyServer, godaddy, problem

ZONE = Zone(id="customer.com", name="customer.com")
NAME = "www.customer.com"
CNAME = ZoneRecord(type="CNAME", name=NAME, value="edge.saas.example")


@pytest.fixture
def server() -> GodaddyServer:
    return GodaddyServer()


async def test_drivers_with_one_credential_share_its_calls_and_another_has_its_own(server: GodaddyServer) -> None:
    budgets = GodaddyBudgets(limit=3)
    async with (
        godaddy(server, PAT, budgets) as first,
        godaddy(server, PAT, budgets) as second,
        godaddy(server, KEY, budgets) as other,
    ):
        await first.check_credentials()
        await second.check_credentials()
        await first.check_credentials()
        with pytest.raises(Retryable) as caught:
            await second.check_credentials()
        await other.check_credentials()
    assert caught.value.code == "provider_rate_limited"
    assert caught.value.retry_after_s is not None
    assert 0 < caught.value.retry_after_s <= 60
    assert len(server.calls) == 4


async def test_a_call_waits_for_its_turn_where_that_is_near(server: GodaddyServer) -> None:
    async with godaddy(server, PAT, GodaddyBudgets(limit=1, window_s=0.05)) as driver:
        begun = time.monotonic()
        for _ in range(3):
            await driver.check_credentials()
    assert time.monotonic() - begun >= 0.1


async def test_an_answer_that_nothing_is_left_stops_the_calls_for_as_long_as_it_says(server: GodaddyServer) -> None:
    server.limit = 1
    async with godaddy(server) as driver:
        await driver.check_credentials()
        with pytest.raises(Retryable) as caught:
            await driver.check_credentials()
    assert caught.value.retry_after_s == pytest.approx(17, abs=5)
    assert len(server.calls) == 1


async def test_a_refusal_for_too_many_calls_says_when_it_is_tried_again(server: GodaddyServer) -> None:
    server.limit = 0
    async with godaddy(server) as driver:
        with pytest.raises(Retryable) as refused:
            await driver.check_credentials()
        with pytest.raises(Retryable):
            await driver.check_credentials()
    assert (refused.value.code, refused.value.retry_after_s) == ("provider_rate_limited", 23)
    assert len(server.calls) == 1


async def test_a_wait_that_an_answer_asks_for_is_within_reason(server: GodaddyServer) -> None:
    for told in (10**30, -1, "soon", None, True):
        server.fault = lambda method, path, told=told: problem(429, "", "", retryAfterSec=told)  # type: ignore[misc]
        async with godaddy(server) as driver:
            with pytest.raises(Retryable) as caught:
                await driver.check_credentials()
        assert caught.value.retry_after_s is not None
        assert 1 <= caught.value.retry_after_s <= 600


async def test_a_lower_limit_that_an_answer_names_is_kept_and_a_higher_one_is_not() -> None:
    budget = GodaddyBudgets(limit=5).get_budget(Secret("t0ken"))
    for limit, taken in (("100", 5), ("2", 0)):
        budget.learn_from(FetchResponse(status=200, headers={"ratelimit-limit": limit}, body=b""))
        for _ in range(taken):
            async with budget.begin_call(max_wait_s=0):
                pass
        with pytest.raises(Retryable):
            async with budget.begin_call(max_wait_s=0):
                pass


async def test_a_change_is_not_begun_that_could_not_be_ended_or_put_back(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    async with godaddy(server, PAT, GodaddyBudgets(limit=12)) as driver:
        before = await driver.read(ZONE, NAME)
        with pytest.raises(Retryable):
            await driver.change(ZONE, before, [CNAME])
    assert {method for method, _ in server.calls} == {"GET"}
    async with godaddy(server, PAT, GodaddyBudgets(limit=14)) as driver:
        await driver.change(ZONE, await driver.read(ZONE, NAME), [CNAME])
    assert server.at("www") == [("CNAME", "edge.saas.example", 600)]


async def test_work_is_begun_only_as_often_as_there_are_calls_to_end_it(server: GodaddyServer) -> None:
    for number in range(8):
        server.has("A", f"app{number}", "192.0.2.1")

    async def point(name: str) -> bool:
        async with godaddy(server, PAT, budgets) as driver:
            try:
                zone = await driver.find_zone(name)
                assert zone is not None
                before = await driver.read(zone, name)
                await driver.change(zone, before, [ZoneRecord(type="CNAME", name=name, value="edge.saas.example")])
            except Retryable:
                return False
            return True

    budgets = GodaddyBudgets()
    done = await asyncio.gather(*(point(f"app{number}.customer.com") for number in range(8)))
    assert sum(done) == 3
    assert sum(entry["type"] == "CNAME" for entry in server.zones["customer.com"]) == 3
    assert len(server.calls) <= 60


async def test_credentials_are_forgotten_when_they_are_idle_or_too_many_and_never_kept() -> None:
    now = 0.0
    budgets = GodaddyBudgets(monotonic=lambda: now)
    for number in range(1500):
        async with budgets.get_budget(Secret(f"t0ken{number}")).begin_call(max_wait_s=0):
            pass
    assert budgets.credential_count == 1024
    assert "t0ken" not in repr(vars(budgets))
    now = 200.0
    budgets.get_budget(Secret("another"))
    assert budgets.credential_count == 1
