"""Connections removed: revoked at the provider, erased here, and nothing else lost."""

import asyncio
import itertools

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import ApiToken, OauthTokens
from dcvd.core.instants import HOUR
from dcvd.core.jobs import JobState
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, NotFound, StoreError
from dcvd.jobs import ConnectionMaintenance
from dcvd.kit.http.fetch import Fetcher
from dcvd.services.connections import creation, maintenance, queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.removal import disconnect
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.domains import queries as domains
from dcvd.services.jobs import queue
from dcvd.store import written_records
from dcvd.store.connections import pending_revocations
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.connections.conftest import Log, connect
from tests.connections.provider import ProviderServer
from tests.connections.views import tokens
from tests.descriptors import no_descriptor_left
from tests.manual_clock import ManualClock
from tests.performing import attempt
from tests.providing import access_of
from tests.sealing import without_key
from tests.services.views import all_jobs
from tests.unreliable_database import Fate, UnreliableDatabase, strike

_ACTOR = "token:token_x"


async def _gone(context: Context, connection: Connection) -> bool:
    count = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT count(*) FROM oauth_connections WHERE id = ?", (connection.id,))
    )
    return count == [(0,)]


async def _pending_revocations(context: Context) -> int:
    return len(await context.database.read(lambda snapshot: pending_revocations.list_oldest(snapshot, 10)))


async def _damage(context: Context, connection: Connection) -> None:
    """Nothing opens its credentials any more."""
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE oauth_connections SET encrypted_access_token = x'00' WHERE id = ?", (connection.id,)
        )
    )


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
    assert access.refresher.find_unstored(stored.connection) is not None
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert before.refresh_token is not None
    (revoked,) = provider.revoked
    assert revoked != before.refresh_token.reveal()
    assert access.refresher.find_unstored(stored.connection) is None, "nothing is kept of what is gone"


async def test_tokens_that_could_not_be_stored_are_revoked_also_where_those_before_them_cannot_be_opened(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    strike(context.database, "TokenRefresher._store", 1, Fate.LOST)
    with pytest.raises(StoreError):
        await access.open_driver(connection.org_id, connection.id)
    await _damage(context, connection)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert provider.live_refresh_tokens == set()


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
    await _damage(context, connection)
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


async def test_jobs_that_run_before_a_removal_has_given_them_up_end_as_it_would_have_ended_them(
    access: ProviderAccess, context: Context, connection: Connection
) -> None:
    written = await additions.add(context, connection.org_id, "written.customer.test", connection_id=connection.id)
    row = WrittenRecord(
        id="rec_a",
        org_id=connection.org_id,
        domain_id=written.id,
        connection_id=connection.id,
        zone="customer.test",
        type="CNAME",
        name=written.name,
        value="edge.example.net",
        state="written",
        written_at=1,
    )
    await context.database.write(lambda tx: written_records.put(tx, row))
    await removals.remove(context, connection.org_id, written.id, remove_records=True)
    await additions.add(context, connection.org_id, "added.customer.test", connection_id=connection.id)
    strike(context.database, "_disconnect.", 1, Fate.LOST)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR, batch_size=0)
    assert await _gone(context, connection)
    pending = [job for job in await all_jobs(context, connection.org_id) if job.connection_id == connection.id]
    pending = [job for job in pending if job.state is JobState.PENDING]
    assert {job.action for job in pending} == {"write", "remove"}
    for job in pending:
        await attempt(context, access, job)
    ended = [job for job in await all_jobs(context, connection.org_id) if job.id in {each.id for each in pending}]
    assert {(job.state, job.last_error_code) for job in ended} == {(JobState.DEAD, "connection_removed")}


async def test_a_write_that_is_retried_during_the_removal_is_not_said_to_be_done(
    access: ProviderAccess, context: Context, connection: Connection, database: UnreliableDatabase
) -> None:
    await additions.add(context, connection.org_id, "app.customer.test", connection_id=connection.id)
    writes = itertools.count(1)

    async def retry_after_the_last_batch() -> None:
        if next(writes) == 3:
            (job,) = [job for job in await all_jobs(context, connection.org_id) if job.state is JobState.DEAD]
            await queue.retry(context, connection.org_id, job.id)

    database.before_write = retry_after_the_last_batch
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    (job,) = [job for job in await all_jobs(context, connection.org_id) if job.kind == "write_dns"]
    assert job.state is JobState.PENDING
    await attempt(context, access, job)
    job = await queue.get(context, connection.org_id, job.id)
    assert (job.state, job.last_error_code) == (JobState.DEAD, "connection_removed")


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


async def test_a_removal_that_is_cut_off_while_the_provider_is_asked_is_finished_by_the_next_start(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    for number in range(3):
        await additions.add(context, connection.org_id, f"app{number}.customer.test", connection_id=connection.id)
    refresh_token = (await tokens(context, connection)).refresh_token
    assert refresh_token is not None
    provider.revoke_gate.clear()
    asked = asyncio.Event()
    provider.on_step = asked.set
    removing = asyncio.create_task(disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR))
    await asyncio.wait_for(asked.wait(), 60)
    await access.tasks.close()
    with pytest.raises(asyncio.CancelledError):
        await removing
    provider.on_step = None
    provider.revoke_gate.set()
    assert await _gone(context, connection)
    assert await _pending_revocations(context) == 1
    pending_writes = [job for job in await all_jobs(context, connection.org_id) if job.kind == "write_dns"]
    assert {(job.state, job.last_error_code) for job in pending_writes} == {(JobState.DEAD, "connection_removed")}
    fetcher = Fetcher()
    await fetcher.start()
    await ConnectionMaintenance(context, access_of(context, fetcher)).run_once()
    await fetcher.close()
    assert refresh_token.reveal() in provider.revoked
    assert await _pending_revocations(context) == 0


async def test_a_removal_that_could_not_be_stored_has_removed_and_revoked_nothing(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    strike(context.database, "_erase.", 1, Fate.LOST)
    with pytest.raises(StoreError):
        await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert provider.revoked == []
    assert await (await access.open_driver(connection.org_id, connection.id)).check_credentials() == "Customer Ltd"
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert len(provider.revoked) == 1


async def test_a_removal_that_was_stored_and_seemed_not_to_be_is_carried_through(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    strike(context.database, "_erase.", 1, Fate.DONE_ANYWAY)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert len(provider.revoked) == 1
    assert await _pending_revocations(context) == 0


async def test_what_a_removal_could_not_finish_is_logged_and_finished_by_the_next_round(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, log_lines: Log
) -> None:
    strike(context.database, "_disconnect.", 1, Fate.LOST)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert provider.revoked == []
    assert "connection.removal_not_finished" in [line["event"] for line in log_lines]
    await ConnectionMaintenance(context, access).run_once()
    assert len(provider.revoked) == 1
    assert await _pending_revocations(context) == 0


async def test_a_token_to_be_revoked_that_cannot_be_opened_is_logged_and_given_up(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, log_lines: Log
) -> None:
    strike(context.database, "_disconnect.", 1, Fate.LOST)
    await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE pending_revocations SET sealed_token = zeroblob(64) WHERE id = ?", (connection.id,)
        )
    )
    await ConnectionMaintenance(context, access).run_once()
    assert await _pending_revocations(context) == 0
    assert provider.revoked == []
    (line,) = [line for line in log_lines if line["event"] == "connection.not_revoked"]
    assert line["log_level"] == "error"


async def test_tokens_that_our_own_machine_could_not_have_revoked_are_revoked_by_a_later_round(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer
) -> None:
    await asyncio.gather(*(tokens(context, connection) for _ in range(20)))  # the database opens its files
    with no_descriptor_left():
        await disconnect(context, access, connection.org_id, connection.id, actor=_ACTOR)
    assert await _gone(context, connection)
    assert (provider.revoked, await _pending_revocations(context)) == ([], 1)
    await ConnectionMaintenance(context, access).run_once()
    assert (len(provider.revoked), await _pending_revocations(context)) == (1, 0)
