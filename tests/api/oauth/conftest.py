"""The application, connected to an authorization server."""

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from msgspec.structs import replace

from dcvd.api import Api
from dcvd.core.connections import Provider
from dcvd.core.credentials import Credentials
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.fetch import Fetcher
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.driver import RecordDriver
from dcvd.services.access import Access
from dcvd.services.context import Context
from tests.api.conftest import EventDict
from tests.api.oauth.flow import Flow
from tests.api.oauth.servers import HAS_OIDC, OidcServer, OwnServer, Server, oidc_process, own_server
from tests.leaks import MARK
from tests.providing import drivers_of

RETURN_TO = "https://app.example.net/domains?tab=dns"

_OIDC = pytest.mark.skipif(
    not HAS_OIDC,
    reason="Node or its package oidc-provider is not here: npm install oidc-provider, then set DCVD_NODE_MODULES to "
    "the node_modules folder.",
)


class _Named:
    """An account that has a name, and no zones."""

    async def check(self) -> str | None:
        return "Customer\x1b[31m Ltd"

    async def find_zone(self, name: str) -> Zone | None:
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        return []

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        raise AssertionError("nothing is to be changed")


def _driver(provider: Provider, credentials: Credentials) -> RecordDriver:
    return _Named()


@pytest.fixture
async def own() -> AsyncIterator[OwnServer]:
    async with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def oidc() -> Iterator[str]:
    with oidc_process() as url:
        yield url


@pytest.fixture(params=["ours", pytest.param("oidc-provider", marks=_OIDC)])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two."""
    if request.param == "ours":
        ours: OwnServer = request.getfixturevalue("own")
        return ours
    return OidcServer(request.getfixturevalue("oidc"))


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher()
    await fetcher.start()
    yield fetcher
    await fetcher.close()


async def _wired(
    server: Server, app: Api, context: Context, fetcher: Fetcher, log_lines: list[EventDict]
) -> AsyncIterator[Flow]:
    config = replace(context.config, oauth_other=server.client())
    context.config = replace(config, oauth=replace(config.oauth, return_to=(RETURN_TO,)))
    parts, client = app.parts, TokenClient(fetcher, lambda: context.config)
    parts.drivers = drivers_of(context, fetcher)
    parts.drivers.driver = _driver  # type: ignore[method-assign]
    parts.token_client = client
    parts.access = Access(context, parts.drivers, client, Metrics())
    yield Flow(server, context)
    await parts.access.refresher.drain(5)
    assert MARK not in repr(log_lines)


@pytest.fixture
async def flow(
    server: Server, app: Api, context: Context, fetcher: Fetcher, log_lines: list[EventDict]
) -> AsyncIterator[Flow]:
    """At each of the two servers."""
    async for made in _wired(server, app, context, fetcher, log_lines):
        yield made


@pytest.fixture
async def own_flow(
    own: OwnServer, app: Api, context: Context, fetcher: Fetcher, log_lines: list[EventDict]
) -> AsyncIterator[Flow]:
    """At our own server, which misbehaves at a test's wish."""
    async for made in _wired(own, app, context, fetcher, log_lines):
        yield made
