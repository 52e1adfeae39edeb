"""Drivers whose calls are noted, and made once more with fresh credentials where the provider refuses the present."""

import asyncio

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.records.zones import Zone
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, NotFound, Retryable, Unauthorized
from dcvd.metrics import Metrics
from dcvd.services.connections import creation
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.connections.conftest import Log, connect
from tests.connections.provider import ProviderServer
from tests.connections.views import stored
from tests.manual_clock import ManualClock
from tests.sealing import without_key
from tests.services.views import event_names

_ZONE = Zone(id="1", name="customer.test")


@pytest.fixture
async def by_token(context: Context, organization: Organization, provider: ProviderServer) -> Connection:
    """By a token that nothing refreshes."""
    return await creation.create(
        context,
        organization.id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret(provider.api_token())),
        account=None,
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor="token:token_x",
    )


async def test_every_call_goes_through(
    access: ProviderAccess, connection: Connection, provider: ProviderServer
) -> None:
    driver = await access.open_driver(connection.org_id, connection.id)
    assert await driver.check_credentials() == "Customer Ltd"
    assert await driver.find_zone("customer.test") == _ZONE
    assert await driver.read(_ZONE, "www.customer.test") == []
    await driver.change(_ZONE, [], [])
    assert provider.calls == {"check": 1, "zone": 1, "read": 1, "change": 1}


async def test_a_revoked_access_token_is_refreshed_and_the_call_is_made_once_more(
    access: ProviderAccess, connection: Connection, provider: ProviderServer
) -> None:
    driver = await access.open_driver(connection.org_id, connection.id)
    provider.forget_access()
    found = await asyncio.gather(*[driver.find_zone("customer.test") for _ in range(10)])
    assert found == [_ZONE] * 10
    assert len(provider.asked) == 1
    assert provider.calls["zone"] == 20


async def test_a_fresh_token_that_is_refused_too_needs_the_owner(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    driver = await access.open_driver(connection.org_id, connection.id)
    provider.forget_access()
    provider.issues_dead_tokens = True
    with pytest.raises(Unauthorized) as refused:
        await driver.read(_ZONE, "www.customer.test")
    assert refused.value.code == "reauth_required"
    assert len(provider.asked) == 1
    after = await stored(context, connection)
    assert after.status is ConnectionStatus.REAUTH_REQUIRED
    assert after.last_error is not None
    assert after.last_error.code == "provider_unauthorized"
    assert await event_names(context, connection.org_id) == ["connection.reauth_required"]


async def test_a_call_that_may_not_be_made_with_credentials_that_work_ends_no_connection(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.lists_zones = False
    driver = await access.open_driver(connection.org_id, connection.id)
    for _ in range(5):
        with pytest.raises(Unauthorized) as refused:
            await driver.find_zone("customer.test")
        assert refused.value.code == "provider_unauthorized"
        clock.advance(MINUTE // 10)
    assert len(provider.asked) == 1
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE


async def test_a_hand_made_token_that_was_revoked_needs_the_owner_and_is_told_once(
    access: ProviderAccess, context: Context, by_token: Connection, provider: ProviderServer
) -> None:
    driver = await access.open_driver(by_token.org_id, by_token.id)
    assert await driver.check_credentials() == "Customer Ltd"
    provider.forget_access()
    for _ in range(2):
        with pytest.raises(Unauthorized) as refused:
            await driver.check_credentials()
        assert refused.value.code == "reauth_required"
    assert provider.asked == []
    assert await event_names(context, by_token.org_id) == ["connection.reauth_required"]
    with pytest.raises(Unauthorized):
        await access.open_driver(by_token.org_id, by_token.id)


async def test_last_use_and_last_error_are_seen_at_once_and_stored_together(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    driver = await access.open_driver(connection.org_id, connection.id)
    await driver.check_credentials()
    used_at = clock.now()
    clock.advance(MINUTE)
    provider.lists_zones = False
    with pytest.raises(Unauthorized):
        await driver.find_zone("customer.test")
    before = await stored(context, connection)
    assert (before.last_used_at, before.last_error) == (None, None)
    seen = access.usage.apply_to(before)
    assert seen.last_used_at == used_at + MINUTE
    assert seen.last_error is not None
    assert seen.last_error.at == used_at + MINUTE
    await access.usage.store(context)
    after = await stored(context, connection)
    assert (after.last_used_at, after.last_error) == (seen.last_used_at, seen.last_error)
    assert access.usage.apply_to(after) == after


async def test_another_organizations_connection_is_not_there(
    access: ProviderAccess, connection: Connection, rival: Organization, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    with pytest.raises(NotFound):
        await access.open_driver(rival.id, connection.id)
    assert provider.asked == []


async def test_without_a_configured_key_nothing_is_opened(
    access: ProviderAccess, context: Context, connection: Connection
) -> None:
    keyless = ProviderAccess(without_key(context), access.drivers, access.token_client, Metrics())
    with pytest.raises(NotConfigured) as missing:
        await keyless.open_driver(connection.org_id, connection.id)
    assert missing.value.code == "encryption_key_missing"


@pytest.mark.parametrize(
    "damage",
    [
        "encrypted_access_token = zeroblob(64)",
        "encrypted_refresh_token = encrypted_access_token",
        "id = id || 'x'",
        "org_id = (SELECT id FROM organizations WHERE id <> org_id)",
    ],
    ids=["overwritten", "another field's", "another row's", "another organization's"],
)
async def test_credentials_that_were_moved_or_damaged_need_the_owner_which_is_told_once_and_nothing_is_asked(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    rival: Organization,
    provider: ProviderServer,
    clock: ManualClock,
    log_lines: Log,
    damage: str,
) -> None:
    await context.database.write(
        lambda tx: tx.execute(f"UPDATE oauth_connections SET {damage} WHERE id = ?", (connection.id,))
    )
    ((connection_id, org_id),) = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT id, org_id FROM oauth_connections WHERE org_id IN (?, ?)", (connection.org_id, rival.id)
        )
    )
    clock.advance(2 * HOUR)
    with pytest.raises(Unauthorized) as refused:
        await access.open_driver(org_id, connection_id)
    assert refused.value.code == "reauth_required"
    assert connection_id in refused.value.message
    with pytest.raises(Unauthorized):
        await access.open_driver(org_id, connection_id)
    assert [line["event"] for line in log_lines if line["log_level"] == "error"] == ["connection.unreadable"]
    assert provider.asked == []
    after = await stored(context, replace(connection, id=connection_id, org_id=org_id))
    assert (after.status, after.refresh_at) == (ConnectionStatus.REAUTH_REQUIRED, None)
    assert after.last_error is not None
    assert after.last_error.code == "credentials_unreadable"
    assert "connect anew" in after.last_error.message
    assert await event_names(context, org_id) == ["connection.reauth_required"]


async def test_an_access_token_that_ended_without_a_refresh_token_needs_the_owner(
    access: ProviderAccess, context: Context, organization: Organization, provider: ProviderServer, clock: ManualClock
) -> None:
    granted = replace(provider.grant(), refresh_token=None)
    connection = await connect(context, organization.id, granted)
    assert connection.refresh_at is None
    await access.open_driver(organization.id, connection.id)
    clock.advance(HOUR)
    with pytest.raises(Unauthorized) as refused:
        await access.open_driver(organization.id, connection.id)
    assert refused.value.code == "reauth_required"
    assert provider.asked == []
    assert await event_names(context, organization.id) == ["connection.reauth_required"]


async def test_a_provider_that_is_away_is_noted_and_ends_nothing(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    driver = await access.open_driver(connection.org_id, connection.id)
    provider.status = 503
    with pytest.raises(Retryable):
        await driver.check_credentials()
    noted = access.usage.apply_to(await stored(context, connection))
    assert noted.status is ConnectionStatus.ACTIVE
    assert noted.last_error is not None
    assert noted.last_error.code == "provider_unavailable"
