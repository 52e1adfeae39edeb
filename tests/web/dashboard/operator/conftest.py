"""Operators and observers who are signed in with a browser."""

import os
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import HOUR
from dcvd.services.context import Context
from dcvd.services.system.overview import Serving
from tests.served_app.client import Client
from tests.served_app.stand_ins import NOW
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import set_rights, signed_in_operator


@pytest.fixture(autouse=True)
def _a_daemon_serves_from_the_database_of_its_configuration(app: Api, context: Context, tmp_path: Path) -> None:
    config = context.config
    context.live_config.value = replace(config, database=replace(config.database, path=tmp_path / "dcvd.db"))
    app.services.overview.begin_serving(Serving(started_at=NOW - HOUR, urls=["http://127.0.0.1:8080"]))


@pytest_asyncio.fixture
async def browser(operator: Client, anybody: Client) -> Browser:
    """An operator's."""
    return await signed_in_operator(operator, anybody)


@pytest_asyncio.fixture
async def observer_browser(app: Api, operator: Client, anybody: Client) -> Browser:
    """The browser of somebody who only reads."""
    set_rights(app, observers=frozenset({os.getuid()}))
    return await signed_in_operator(operator, anybody)
