"""What happens to connections that nobody uses: jobs refresh them in time, and an end is told."""

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.jobs import Job, JobState
from dcvd.errors import StoreError, Unauthorized
from dcvd.jobs import ConnectionMaintenance
from dcvd.services.connections import maintenance, reauth
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.figures import read_figures
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.connections.conftest import connect
from tests.connections.provider import ProviderServer, broken
from tests.connections.views import stored
from tests.manual_clock import ManualClock
from tests.performing import attempt
from tests.services.views import all_jobs, event_names
from tests.unreliable_database import Fate, strike


async def _pending(context: Context, org_id: str) -> list[Job]:
    return [job for job in await all_jobs(context, org_id) if job.state is JobState.PENDING]


async def _work(context: Context, access: ProviderAccess, org_id: str) -> None:
    """Every pending job once, as the worker does it."""
    for job in await _pending(context, org_id):
        await attempt(context, access, job)


async def test_a_refresh_that_is_due_is_one_job_and_the_job_refreshes(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(48 * MINUTE - 1)
    assert await maintenance.enqueue_refreshes(context) == 0
    clock.advance(1)
    assert await maintenance.enqueue_refreshes(context) == 1
    assert await maintenance.enqueue_refreshes(context) == 0
    (job,) = await _pending(context, connection.org_id)
    assert (job.kind, job.connection_id, job.domain_id) == ("refresh_token", connection.id, None)
    await _work(context, access, connection.org_id)
    assert await _pending(context, connection.org_id) == []
    assert (await stored(context, connection)).version == 2
    assert len(provider.asked) == 1
    assert await maintenance.enqueue_refreshes(context) == 0


async def test_a_round_goes_on_past_a_connection_whose_stored_credentials_cannot_be_opened(
    access: ProviderAccess, context: Context, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    strike(context.database, "TokenRefresher._store", 1, Fate.DONE_ANYWAY)
    with pytest.raises(StoreError):
        await access.open_driver(connection.org_id, connection.id)
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE oauth_connections SET encrypted_access_token = x'00' WHERE id = ?", (connection.id,)
        )
    )
    await ConnectionMaintenance(context, access).run_once()
    assert (await stored(context, connection)).status is ConnectionStatus.REAUTH_REQUIRED


async def test_a_job_finds_nothing_to_do_where_somebody_has_refreshed_already(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    await maintenance.enqueue_refreshes(context)
    await access.open_driver(connection.org_id, connection.id)
    await _work(context, access, connection.org_id)
    assert len(provider.asked) == 1
    assert await _pending(context, connection.org_id) == []


async def test_a_provider_that_is_away_is_waited_for_and_never_makes_a_dead_letter(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.grace = True
    clock.advance(48 * MINUTE)
    await maintenance.enqueue_refreshes(context)
    for number in range(1, 30):
        provider.faults = [broken, broken]
        await _work(context, access, connection.org_id)
        (job,) = await _pending(context, connection.org_id)
        assert (job.attempts, job.outage_attempts, job.last_error_code) == (0, number, "token_endpoint_unavailable")
    await _work(context, access, connection.org_id)
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE


async def _kill_refresh(context: Context, org_id: str) -> None:
    """Let a fault of dcvd's own make the pending job a dead letter."""
    (job,) = await _pending(context, org_id)
    for _ in range(context.config.jobs.max_attempts):
        job = await queue.fail(context, job, queue.internal_failure_error(ZeroDivisionError()))
    assert job.state is JobState.DEAD


async def test_a_refresh_that_failed_for_good_by_dcvds_own_fault_gets_another_job_after_a_day(
    access: ProviderAccess, context: Context, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(48 * MINUTE)
    for _ in range(2):
        assert await maintenance.enqueue_refreshes(context) == 1
        await _kill_refresh(context, connection.org_id)
        assert await maintenance.enqueue_refreshes(context) == 0
        clock.advance(DAY)
        assert await maintenance.enqueue_refreshes(context) == 0
        clock.advance(1)
    assert await maintenance.enqueue_refreshes(context) == 1
    await _work(context, access, connection.org_id)
    assert (await stored(context, connection)).version == 2


async def test_a_refresh_that_failed_for_good_does_not_keep_a_later_one_from_its_job(
    access: ProviderAccess, context: Context, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(48 * MINUTE)
    await maintenance.enqueue_refreshes(context)
    await _kill_refresh(context, connection.org_id)
    clock.advance(HOUR)
    await access.open_driver(connection.org_id, connection.id)
    assert (await stored(context, connection)).version == 2
    clock.advance(HOUR)
    assert await maintenance.enqueue_refreshes(context) == 1


async def test_a_job_whose_refresh_is_refused_is_done_and_the_event_tells_it(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.withdraw()
    clock.advance(48 * MINUTE)
    await maintenance.enqueue_refreshes(context)
    await _work(context, access, connection.org_id)
    (job,) = await all_jobs(context, connection.org_id)
    assert job.state is JobState.DONE
    assert await event_names(context, connection.org_id) == ["connection.reauth_required"]
    clock.advance(24 * HOUR)
    assert (await maintenance.enqueue_refreshes(context), await maintenance.require_reauth_of_expired(context)) == (
        0,
        0,
    )


async def test_a_connection_that_cannot_be_refreshed_is_told_once_when_it_ends(
    context: Context, organization: Organization, provider: ProviderServer, clock: ManualClock
) -> None:
    connection = await connect(context, organization.id, replace(provider.grant(), refresh_token=None))
    clock.advance(HOUR - 1)
    assert await maintenance.require_reauth_of_expired(context) == 0
    clock.advance(1)
    assert await maintenance.require_reauth_of_expired(context) == 1
    assert await maintenance.require_reauth_of_expired(context) == 0
    after = await stored(context, connection)
    assert after.status is ConnectionStatus.REAUTH_REQUIRED
    assert after.last_error is not None
    assert after.last_error.code == "access_ended"
    assert await event_names(context, organization.id) == ["connection.reauth_required"]


async def test_many_that_are_due_at_once_are_taken_in_batches(
    context: Context,
    organization: Organization,
    provider: ProviderServer,
    clock: ManualClock,
) -> None:
    for _ in range(5):
        await connect(context, organization.id, provider.grant())
    clock.advance(HOUR)
    assert await maintenance.enqueue_refreshes(context, batch_size=2) == 5
    assert len(await _pending(context, organization.id)) == 5


async def test_a_round_stores_uses_and_what_there_is_is_counted(
    access: ProviderAccess, context: Context, connection: Connection, organization: Organization, clock: ManualClock
) -> None:
    await (await access.open_driver(connection.org_id, connection.id)).check_credentials()
    await ConnectionMaintenance(context, access).run_once()
    assert (await stored(context, connection)).last_used_at == clock.now()
    await reauth.require_reauth(context, connection, "invalid_grant", "It is over.")
    figures = await read_figures(context)
    assert figures.connections[Provider.CLOUDFLARE, ConnectionStatus.REAUTH_REQUIRED] == 1
    assert figures.connections[Provider.CLOUDFLARE, ConnectionStatus.ACTIVE] == 0
    with pytest.raises(Unauthorized):
        await access.open_driver(organization.id, connection.id)


async def test_credentials_that_cannot_be_opened_are_told_once_and_no_job_is_made_for_them_again(
    access: ProviderAccess, context: Context, connection: Connection, clock: ManualClock
) -> None:
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE oauth_connections SET encrypted_refresh_token = zeroblob(64) WHERE id = ?", (connection.id,)
        )
    )
    for _ in range(48):
        clock.advance(HOUR)
        await maintenance.enqueue_refreshes(context)
        await maintenance.require_reauth_of_expired(context)
        await _work(context, access, connection.org_id)
    assert [job.state for job in await all_jobs(context, connection.org_id)] == [JobState.DONE]
    assert await event_names(context, connection.org_id) == ["connection.reauth_required"]
    after = await stored(context, connection)
    assert after.status is ConnectionStatus.REAUTH_REQUIRED
    assert after.last_error is not None
    assert after.last_error.code == "credentials_unreadable"


@pytest.mark.parametrize(("life", "most"), [(-5, 0), (0, 0), (1, 12), (20, 12), (240, 12), (10**12, 0)])
@pytest.mark.sampled(3)
async def test_whatever_life_a_provider_says_its_tokens_have_an_hour_of_upkeep_asks_it_a_few_times_and_calls_work(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    life: int,
    most: int,
) -> None:
    provider.expires_in = life
    clock.advance(HOUR)
    await access.open_driver(connection.org_id, connection.id)
    provider.asked.clear()
    for _ in range(360):
        clock.advance(10 * SECOND)
        await maintenance.enqueue_refreshes(context)
        await _work(context, access, connection.org_id)
    assert len(provider.asked) <= most
    driver = await access.open_driver(connection.org_id, connection.id)
    provider.forget_access()
    # Within a minute of a refresh, only a token that has ended is refreshed again.
    clock.advance(2 * SECOND if life == 1 else 61 * SECOND)
    assert await driver.check_credentials() == "Customer Ltd"
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE


async def test_a_connection_has_not_ended_by_a_time_that_nothing_confirms(
    context: Context, organization: Organization, provider: ProviderServer, clock: ManualClock
) -> None:
    connection = await connect(context, organization.id, replace(provider.grant(), refresh_token=None))
    clock.advance(100 * DAY)
    clock.is_confirmed = False
    assert await maintenance.require_reauth_of_expired(context) == 0
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE
    clock.is_confirmed = True
    assert await maintenance.require_reauth_of_expired(context) == 1
