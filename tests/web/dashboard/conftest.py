"""Browsers that are signed in at the served application."""

import pytest_asyncio

from tests.served_app.client import Client
from tests.served_app.fixtures import *  # noqa: F403  # pytest finds fixtures by the names in this module
from tests.web.sign_in.browser import Browser, signed_in


@pytest_asyncio.fixture
async def owner_browser(owner: Client) -> Browser:
    return await signed_in(owner)


@pytest_asyncio.fixture
async def member_browser(member: Client) -> Browser:
    return await signed_in(member)
