"""The whole life of a connection by OAuth, at servers that know nothing of these tests: consent, use, refresh, end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
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
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.errors import InvalidInput, Permanent, Unauthorized
from dcvd.providers.driver import RecordDriver
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services.connections import authorizations, code_exchange, queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.removal import disconnect
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.services.tokens import minting
from dcvd.store.organizations.organizations import Organization
from tests.connections.views import stored
from tests.connections.views import tokens as tokens_of
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.providers.cloudflare.customer import EventfulFetcher, fetching
from tests.providing import access_of

_CALLBACK = "http://127.0.0.1:8080/oauth/callback/cloudflare"
_NAME = "app.customer.test"
_THEIRS = ZoneRecord(type="A", name=_NAME, value="192.0.2.1")
_OURS = ZoneRecord(type="CNAME", name=_NAME, value="edge.sandbox.test")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as running:
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
async def fetcher() -> AsyncIterator[EventfulFetcher]:
    async with fetching() as fetcher:
        yield fetcher


@pytest.fixture
async def access(context: Context, fetcher: EventfulFetcher) -> AsyncIterator[ProviderAccess]:
    made = access_of(context, fetcher)
    yield made
    await made.tasks.drain(5)


async def _consented(context: Context, access: ProviderAccess, organization: Organization) -> Connection:
    minted = await minting.create(context, organization.id, name="a token", role=Role.OWNER, expires_at=None)
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


class _Replacement:
    """The customer's record is taken out, and at the call that puts ours in the token is revoked."""

    def __init__(self, sandbox: Sandbox, fetcher: EventfulFetcher, driver: RecordDriver, zone: Zone) -> None:
        self._sandbox = sandbox
        self._fetcher = fetcher
        self._driver = driver
        self._zone = zone
        self.is_refreshing = asyncio.Event()
        self.may_refresh = asyncio.Event()
        self.at_the_call: Callable[[], Awaitable[object]] | None = None
        fetcher.before["POST"] = self._revoke

    async def begin(self, ours: ZoneRecord = _OURS) -> "asyncio.Task[None]":
        theirs = await self._driver.read(self._zone, _NAME)
        return asyncio.create_task(self._driver.change(self._zone, theirs, [ours]))

    async def standing(self) -> list[tuple[str, str]]:
        return [(record.type, record.value) for record in await self._driver.read(self._zone, _NAME)]

    async def _revoke(self) -> None:
        if self.at_the_call is not None:
            await self.at_the_call()
        for token in self._sandbox.world.tokens.all():
            self._sandbox.world.tokens.revoke(token.id)
        self._fetcher.before["POST"] = self._hold

    async def _hold(self) -> None:
        self.is_refreshing.set()
        await self.may_refresh.wait()


@pytest.fixture
async def replacement(
    access: ProviderAccess,
    context: Context,
    organization: Organization,
    sandbox: Sandbox,
    fetcher: EventfulFetcher,
) -> _Replacement:
    connection = await _consented(context, access, organization)
    driver = await access.open_driver(organization.id, connection.id)
    zone = await driver.find_zone(_NAME)
    assert zone is not None
    await driver.change(zone, [], [_THEIRS])
    return _Replacement(sandbox, fetcher, driver, zone)


async def test_a_token_that_is_refused_in_the_middle_of_a_change_is_refreshed_and_the_change_is_made(
    replacement: _Replacement,
) -> None:
    replacement.may_refresh.set()
    await (await replacement.begin())
    assert await replacement.standing() == [("CNAME", "edge.sandbox.test")]


async def test_what_a_fresh_token_cannot_do_either_leaves_the_name_as_it_was(replacement: _Replacement) -> None:
    replacement.may_refresh.set()
    refused = await replacement.begin(ZoneRecord(type="CNAME", name=_NAME, value="no host name"))
    with pytest.raises(Permanent, match="was put back"):
        await refused
    assert await replacement.standing() == [("A", "192.0.2.1")]


async def test_who_withdraws_consent_in_the_middle_of_a_change_is_told_which_record_is_missing(
    replacement: _Replacement, access: ProviderAccess, context: Context, organization: Organization
) -> None:
    (connection,) = (await queries.list_page(context, access.usage, organization.id, cursor=None, limit=10)).items
    refresh_token = (await tokens_of(context, connection)).refresh_token
    assert refresh_token is not None
    # A second use of a refresh token ends the consent.
    replacement.at_the_call = partial(access.token_client.refresh, Provider.CLOUDFLARE, refresh_token)
    replacement.may_refresh.set()
    with pytest.raises(Unauthorized, match=r"could not be put back: A 192\.0\.2\.1.* connect anew") as caught:
        await (await replacement.begin())
    assert caught.value.code == "reauth_required"


async def test_a_stop_during_the_refresh_in_the_middle_of_a_change_waits_until_the_name_is_whole(
    replacement: _Replacement,
) -> None:
    change = await replacement.begin()
    await replacement.is_refreshing.wait()
    change.cancel()
    await asyncio.sleep(0)
    assert not change.done()
    replacement.may_refresh.set()
    await asyncio.wait([change])
    assert change.cancelled()
    assert await replacement.standing() == [("CNAME", "edge.sandbox.test")]


async def test_a_stop_before_the_token_is_refused_in_the_middle_of_a_change_waits_until_the_name_is_whole(
    replacement: _Replacement, fetcher: EventfulFetcher
) -> None:
    is_creating, may_create = asyncio.Event(), asyncio.Event()
    revoke = fetcher.before["POST"]

    async def hold() -> None:
        is_creating.set()
        await may_create.wait()
        await revoke()

    fetcher.before["POST"] = hold
    replacement.may_refresh.set()
    change = await replacement.begin()
    await is_creating.wait()
    change.cancel()
    await asyncio.sleep(0)
    may_create.set()
    await asyncio.wait([change])
    assert change.cancelled()
    assert await replacement.standing() == [("CNAME", "edge.sandbox.test")]
