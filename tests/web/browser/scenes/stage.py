"""Where scenes are played."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from msgspec import Struct
from playwright.async_api import Page, Route, expect

from tests.web.browser.place import Place, Tenant
from tests.web.browser.visitor import Visitor


class Stage(Struct, frozen=True):
    """A tenant at a place, and somebody with a browser: their customer, or one of their people."""

    place: Place
    tenant: Tenant
    visitor: Visitor

    @property
    def page(self) -> Page:
        return self.visitor.page

    async def open_dashboard(self, place: str = "") -> None:
        """Open a page of the dashboard; at the first time, sign in with the tenant's token."""
        await self.visitor.open(f"/dashboard{place}")
        token = self.page.get_by_label("Token", exact=True)
        if await token.count() and await self.page.get_by_role("button", name="Sign in").count():
            await token.fill(self.tenant.token)
            await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("navigation", name="Dashboard")).to_be_visible()

    @property
    def provider_url(self) -> str:
        """Where the sandbox's Cloudflare asks for consent."""
        return f"{self.place.sandbox.oauth_url}/auth"

    @asynccontextmanager
    async def staying(self) -> AsyncIterator[None]:
        """Have the provider answer with nothing, so that what the block does ends on the page that leads there."""
        asked = asyncio.Event()

        async def answer(route: Route) -> None:
            await route.fulfill(status=204)
            asked.set()

        await self.page.route(f"{self.provider_url}**", answer)
        yield
        async with asyncio.timeout(10):
            await asked.wait()
        await self.page.unroute(f"{self.provider_url}**")

    async def open_operator(self, place: str = "") -> None:
        """Open a page of operators; at the first time, sign in by the link that the machine's command prints."""
        await self.visitor.open(f"/dashboard/operator{place}")
        if not await self.page.get_by_role("navigation", name="Dashboard").count():
            await self.page.goto(await self.place.get_operator_link())
            await self.page.get_by_role("button", name="Sign in").click()
            await expect(self.page.get_by_role("navigation", name="Dashboard")).to_be_visible()
            await self.visitor.open(f"/dashboard/operator{place}")
        await expect(self.page.get_by_role("navigation", name="Dashboard")).to_be_visible()


Scene = Callable[[Stage], Awaitable[None]]
