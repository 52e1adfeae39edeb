"""What the tests of delegations and of their servers share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from dcvd.config import Config
from tests.dns.authority.internet import RESOLVER, Internet
from tests.dns.programs import free_address


@pytest.fixture
async def internet(config: Config) -> AsyncIterator[Internet]:
    async with AsyncExitStack() as stack:
        made = Internet(config, stack, free_address().port)
        made.resolver = await made.serve(RESOLVER, made.resolve)
        yield made
