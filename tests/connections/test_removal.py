"""Connections removed: revoked at the provider, erased here, and nothing else lost."""

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import ApiToken, OauthTokens
from dcvd.core.instants import HOUR
from dcvd.core.jobs import JobState
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, NotFound, StoreError
from dcvd.services.connections import creation, maintenance, queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.removal import disconnect
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains import queries as domains
from dcvd.store.engine.database import Transaction
from dcvd.store.organizations import Organization
from tests.connections.conftest import Log, connect
from tests.connections.provider import ProviderServer
from tests.connections.views import tokens
from tests.manual_clock import ManualClock
from tests.sealing import without_key
from tests.services.views import all_jobs
from tests.unreliable_database import Fate, strike

_ACTOR = "token:token_x"


async def _gone(context: Context, connection: Connection) -> bool:
    count = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT count(*) FROM oauth_connections WHERE id = ?", (connection.id,))
    )
    return count == [(0,)]


async def test_the_refresh_token_is_revoked_and_the_row_is_gone(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    before = await tokens(context, connection)
    assert before.refresh_token is not None
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert provider.revoked == [before.refresh_token.reveal()]
    assert await _gone(context, connection)
    with pytest.raises(NotFound):
        await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)


async def test_tokens_that_came_and_could_not_be_stored_are_those_that_are_revoked(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
) -> None:
    clock.advance(2 * HOUR)
    strike(context.database, "TokenRefresher._store", 1, Fate.LOST)
    with pytest.raises(StoreError):
        await access.open_driver(connection.org_id, connection.id)
    before = await tokens(context, connection)
    stored = await access.load_connection(connection.org_id, connection.id)
    assert access.refresher.find_newest(stored) is not stored
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert before.refresh_token is not None
    (revoked,) = provider.revoked
    assert revoked != before.refresh_token.reveal()
    assert access.refresher.find_newest(stored) is stored, "nothing is kept of what is gone"


async def test_without_a_refresh_token_the_access_token_is_revoked(
    access: ProviderAccess, context: Context, organization: Organization, provider: ProviderServer
) -> None:
    granted: OauthTokens = replace(provider.grant(), refresh_token=None)
    connection = await connect(context, organization.id, granted)
    await disconnect(context, access, organization.id, connection.id, actor=_ACTOR)
    assert provider.revoked == [granted.access_token.reveal()]


async def test_it_is_erased_although_revoking_failed_and_that_is_logged(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, log_lines: Log
) -> None:
    provider.refuses_revocation = True
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert "connection.not_revoked" in [line["event"] for line in log_lines]
    (removed,) = [line for line in log_lines if line["event"] == "connection.removed"]
    assert removed["revoked"] is False


async def test_credentials_without_oauth_are_erased_and_nobody_is_asked(
    access: ProviderAccess, context: Context, organization: Organization, provider: ProviderServer
) -> None:
    connection = await creation.create(
        context,
        organization.id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret(provider.api_token())),
        account=None,
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor=_ACTOR,
    )
    await disconnect(context, access, organization.id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert provider.revoked == []


async def test_credentials_that_cannot_be_opened_can_still_be_erased(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE oauth_connections SET encrypted_access_token = x'00' WHERE id = ?", (connection.id,)
        )
    )
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert provider.revoked == []


async def test_its_domains_live_on_and_its_jobs_end(
    access: ProviderAccess, context: Context, connection: Connection, clock: ManualClock
) -> None:
    domain = await additions.add(context, connection.org_id, "app.customer.test")

    def use(tx: Transaction) -> None:
        tx.execute("UPDATE domains SET connection_id = ? WHERE id = ?", (connection.id, domain.id))

    await context.database.write(use)
    assert (await queries.get(context, ConnectionUsage(), connection.org_id, connection.id))[1] == 1
    clock.advance(HOUR)
    await maintenance.enqueue_refreshes(context)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert (await domains.get(context, connection.org_id, domain.id)).connection_id is None
    states = {job.kind: job.state for job in await all_jobs(context, connection.org_id)}
    assert states == {"register": JobState.PENDING, "refresh_token": JobState.DONE}


async def test_records_that_were_still_to_be_changed_are_not_said_to_be(
    access: ProviderAccess, context: Context, connection: Connection
) -> None:
    for number in range(5):
        await additions.add(context, connection.org_id, f"app{number}.customer.test", connection_id=connection.id)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR, batch_size=2)
    found = [job for job in await all_jobs(context, connection.org_id) if job.kind == "write_dns"]
    assert {(job.state, job.last_error_code) for job in found} == {(JobState.DEAD, "connection_removed")}
    assert len(found) == 5


async def test_another_organization_cannot_remove_it_or_hold_up_its_refreshes(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    rival: Organization,
    provider: ProviderServer,
    clock: ManualClock,
) -> None:
    with pytest.raises(NotFound):
        await disconnect(context, access, rival.id, connection.id, actor=_ACTOR)
    clock.advance(2 * HOUR)
    await access.open_driver(connection.org_id, connection.id)
    assert provider.revoked == []


async def test_without_a_configured_key_nothing_is_removed(
    access: ProviderAccess, context: Context, connection: Connection
) -> None:
    with pytest.raises(NotConfigured):
        await disconnect(without_key(context), access, connection.org_id, connection.id, actor=_ACTOR)
    assert not await _gone(context, connection)
