"""A provider, a tenant, and a connection between them."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import choose_refresh_at
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections import creation
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.connections.provider import LIFE, ProviderDrivers, ProviderServer, serving
from tests.leaks import MARK
from tests.marked import marked

Log = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Log]:
    """What is logged, which never holds a token."""
    with structlog.testing.capture_logs() as lines:
        yield lines
    assert MARK not in repr(lines)


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def config(config: Config, provider: ProviderServer) -> Config:
    client = OauthCloudflareConfig(
        client_id="dcvd",
        client_secret=Secret(marked("client")),
        token_url=f"{provider.url}/token",
        revoke_url=f"{provider.url}/revoke",
    )
    return replace(config, oauth_cloudflare=client)


@pytest.fixture
async def access(context: Context, provider: ProviderServer) -> AsyncIterator[ProviderAccess]:
    fetcher = Fetcher()
    await fetcher.start()
    made = ProviderAccess(
        context, ProviderDrivers(fetcher, provider), TokenClient(fetcher, context.live_config), Metrics()
    )
    yield made
    await made.tasks.drain(5)
    await fetcher.close()


@pytest.fixture
async def connection(context: Context, organization: Organization, provider: ProviderServer) -> Connection:
    """By OAuth, with an access token of an hour."""
    return await connect(context, organization.id, provider.grant())


async def connect(
    context: Context, org_id: str, credentials: OauthTokens, *, life: int | None = LIFE * SECOND
) -> Connection:
    """A connection as the flow stores it."""
    now = context.now()
    expires_at = None if life is None else now + life
    return await creation.create(
        context,
        org_id,
        Provider.CLOUDFLARE,
        credentials,
        account="Customer Ltd",
        scopes=("zone.read", "dns.write"),
        expires_at=expires_at,
        refresh_at=None if expires_at is None else choose_refresh_at(now, expires_at),
        actor="token:token_x",
    )
