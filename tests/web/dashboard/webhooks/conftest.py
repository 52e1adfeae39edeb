"""Somebody of another organization at a browser."""

import pytest_asyncio

from tests.served_app.client import Client
from tests.web.sign_in.browser import Browser, signed_in


@pytest_asyncio.fixture
async def stranger_browser(stranger: Client) -> Browser:
    return await signed_in(stranger)
