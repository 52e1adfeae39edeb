"""Open pages that are told of changes: nobody uses a session by that, and with its end they are told no more."""

import asyncio
from collections.abc import AsyncIterator

from litestar.routes import HTTPRoute

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.http.access.authentication import UNATTENDED
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.web.sign_in.browser import SAME_ORIGIN, Browser

CHANGES = "/dashboard/domains/changes"
UNATTENDED_HEADERS = {"X-Unattended": "true"}


def test_no_stream_of_the_dashboard_is_a_use_of_the_session(built_app: Api) -> None:
    streams = [
        route
        for route in built_app.routes
        if route.path_format.startswith("/dashboard") and route.path_format.endswith("/changes")
    ]
    assert len(streams) > 20
    for route in streams:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            assert handler.opt.get(UNATTENDED) or handler.http_methods == {"OPTIONS"}, route.path_format


async def test_a_page_that_asks_by_itself_keeps_no_session_alive(
    owner_browser: Browser, clock: ManualClock, config: Config
) -> None:
    clock.advance(config.web.session_idle - 1)
    assert (await owner_browser.open(CHANGES, method="HEAD")).status == 200
    assert (await owner_browser.open("/dashboard/domains", **UNATTENDED_HEADERS)).status == 200
    clock.advance(1)
    assert (await owner_browser.open("/dashboard/domains")).status == 303


async def test_whoever_writes_uses_the_session_whatever_the_request_says(
    owner_browser: Browser, clock: ManualClock, config: Config
) -> None:
    form = await owner_browser.find_form("/sign-out")
    clock.advance(config.web.session_idle - 1)
    written = await owner_browser.send("/dashboard/domains/check", form, {**SAME_ORIGIN, **UNATTENDED_HEADERS})
    assert written.status == 303
    clock.advance(1)
    assert (await owner_browser.open("/dashboard/domains")).status == 200


async def test_a_session_that_nobody_has_used_is_told_of_nothing_any_more(
    owner_browser: Browser, clock: ManualClock, config: Config, context: Context, organization: Organization
) -> None:
    async with asyncio.timeout(10), owner_browser.stream(CHANGES) as lines:
        assert await anext(lines) == "retry: 3000"
        clock.advance(config.web.session_idle)
        await additions.add(context, organization.id, "app.customer.com")
        assert await read_rest(lines) == [""]


async def test_the_stream_of_a_session_that_is_used_meanwhile_goes_on(
    owner_browser: Browser, clock: ManualClock, config: Config, context: Context, organization: Organization
) -> None:
    async with asyncio.timeout(10), owner_browser.stream(CHANGES) as lines:
        assert await anext(lines) == "retry: 3000"
        clock.advance(config.web.session_idle - 1)
        assert (await owner_browser.open("/dashboard/domains")).status == 200
        clock.advance(1)
        await additions.add(context, organization.id, "app.customer.com")
        while await anext(lines) != "event: changed":
            pass


async def read_rest(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]
