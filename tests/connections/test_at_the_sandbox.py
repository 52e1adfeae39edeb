"""The whole life of a connection by OAuth, at servers that know nothing of these tests: consent, use, refresh, end."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.config.provider_sections import CloudflareProviderConfig
from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.instants import DAY
from dcvd.core.secret import Secret
from dcvd.core.tokens import Role
from dcvd.errors import InvalidInput, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services import tokens
from dcvd.services.connections import authorizations, code_exchange
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.removal import disconnect
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.store.organizations import Organization
from tests.connections.views import stored
from tests.connections.views import tokens as tokens_of
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.providing import access_of

_CALLBACK = "http://127.0.0.1:8080/oauth/callback/cloudflare"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0)) as running:
        yield running


@pytest.fixture
def config(config: Config, sandbox: Sandbox) -> Config:
    client = OauthCloudflareConfig(
        client_id=sandbox.settings.oauth_client_id,
        client_secret=Secret(sandbox.settings.oauth_client_secret),
        redirect_uris=(_CALLBACK,),
        authorize_url=f"{sandbox.oauth_url}/auth",
        token_url=f"{sandbox.oauth_url}/token",
        revoke_url=f"{sandbox.oauth_url}/revoke",
    )
    provider = CloudflareProviderConfig(api_base_url=sandbox.api_url)
    return replace(config, oauth_cloudflare=client, providers_cloudflare=provider)


@pytest.fixture
async def access(context: Context) -> AsyncIterator[ProviderAccess]:
    fetcher = Fetcher()
    await fetcher.start()
    made = access_of(context, fetcher)
    yield made
    await made.tasks.drain(5)
    await fetcher.close()


async def _consented(context: Context, access: ProviderAccess, organization: Organization) -> Connection:
    minted = await tokens.create(context, organization.id, name="a token", role=Role.OWNER, expires_at=None)
    begun = await authorizations.start_authorization(
        context, access.token_client, organization.id, minted.token.id, Provider.CLOUDFLARE, redirect_uri=_CALLBACK
    )
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(f"{begun.url}&auto=allow", allow_redirects=False) as answer,
    ):
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
    return await code_exchange.connect_for_tenant(
        context,
        access,
        organization.id,
        minted.token.id,
        Provider.CLOUDFLARE,
        code=Secret(back["code"][0]),
        state=back["state"][0],
        redirect_uri=_CALLBACK,
        issuer=None,
    )


async def test_a_consent_is_used_refreshed_and_revoked(
    access: ProviderAccess, context: Context, organization: Organization, sandbox: Sandbox, clock: ManualClock
) -> None:
    connection = await _consented(context, access, organization)
    driver = await access.open_driver(organization.id, connection.id)
    found = await driver.find_zone("app.customer.test")
    assert found is not None
    assert found.name == "customer.test"
    first = await tokens_of(context, connection)
    clock.advance(30 * DAY)
    again = await access.open_driver(organization.id, connection.id)
    assert await again.read(found, "app.customer.test") == []
    second = await tokens_of(context, connection)
    assert first.refresh_token != second.refresh_token
    assert second.refresh_token is not None
    await disconnect(context, access, organization.id, connection.id, actor="token:token_x")
    with pytest.raises(Unauthorized):
        await access.token_client.refresh(Provider.CLOUDFLARE, second.refresh_token)
    assert sandbox.world.customers.get_by_name("customer.test").id == found.id


async def test_a_refresh_token_that_was_used_elsewhere_ends_the_connection(
    access: ProviderAccess, context: Context, organization: Organization, clock: ManualClock
) -> None:
    connection = await _consented(context, access, organization)
    stolen = (await tokens_of(context, connection)).refresh_token
    assert stolen is not None
    await access.token_client.refresh(Provider.CLOUDFLARE, stolen)
    clock.advance(30 * DAY)
    with pytest.raises(Unauthorized) as refused:
        await access.open_driver(organization.id, connection.id)
    assert refused.value.code == "reauth_required"
    assert (await stored(context, connection)).status is ConnectionStatus.REAUTH_REQUIRED


async def test_an_api_token_is_tried_at_cloudflare(
    access: ProviderAccess, context: Context, organization: Organization, sandbox: Sandbox
) -> None:
    zone = sandbox.world.customers.get_by_name("customer.test")
    plain, _ = sandbox.world.tokens.issue(("zone.read", "dns.write"), zones=[zone.id])

    async def connected(token: str) -> Connection:
        given = ApiToken(token=Secret(token))
        return await CredentialTrials().connect(
            context, access.drivers, organization.id, Provider.CLOUDFLARE, given, actor="token:token_x"
        )

    made = await connected(plain)
    assert await (await access.open_driver(organization.id, made.id)).find_zone("www.customer.test") is not None
    with pytest.raises(InvalidInput) as refused:
        await connected(marked("wrong"))
    assert refused.value.code == "credentials_refused"
