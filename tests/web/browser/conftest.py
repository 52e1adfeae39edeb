"""One browser, one daemon and one sandbox for all tests of a process; a new visitor for each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.dns.programs import program
from tests.web.browser.chromium import OPTIONS
from tests.web.browser.place import Place, Tenant, opened
from tests.web.browser.visitor import Visitor, visiting

expect.set_options(timeout=14_000)  # below the 15 s after which a page would ask by itself


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's, from `apt-get install chromium`; skips where it is not installed."""
    return program("chromium")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with opened(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(place: Place) -> Tenant:
    return await place.new_tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, place: Place) -> AsyncIterator[Visitor]:
    """Somebody with JavaScript and an English browser."""
    async with visiting(browser, place.url) as somebody:
        yield somebody
        somebody.require_no_problem()
