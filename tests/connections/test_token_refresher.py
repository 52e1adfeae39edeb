"""Access tokens renewed: once, stored before they are used, and said to be over when they are."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection, ConnectionStatus
from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.errors import DcvdError, NotFound, Retryable, StoreError, Unauthorized
from dcvd.services.connections import removal
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.connections.conftest import Log, connect
from tests.connections.provider import ProviderServer, broken, lost
from tests.connections.views import stored, tokens, use
from tests.leaks import found_in
from tests.manual_clock import ManualClock
from tests.services.views import bodies
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until


async def test_a_hundred_calls_at_once_that_need_an_expired_token_cause_one_refresh(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    before = await tokens(context, connection)
    provider.forget_access()
    clock.advance(2 * HOUR)
    assert set(await asyncio.gather(*[use(access, connection) for _ in range(100)])) == {"Customer Ltd"}
    assert len(provider.asked) == 1
    assert provider.calls["check"] == 100
    assert before.refresh_token is not None
    assert provider.asked[0]["refresh_token"] == before.refresh_token.reveal()
    after = await stored(context, connection)
    assert (after.version, after.expires_at) == (2, clock.now() + HOUR)
    assert after.refresh_at == clock.now() + 48 * MINUTE


async def test_a_token_that_works_is_used_as_it_is(
    access: ProviderAccess, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(59 * MINUTE)
    assert await use(access, connection) == "Customer Ltd"
    assert provider.asked == []


async def test_the_new_pair_is_on_disk_before_any_call_is_made_with_it(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    await access.open_driver(connection.org_id, connection.id)
    assert not provider.calls
    assert (await stored(context, connection)).version == 2


async def test_the_old_refresh_token_is_kept_where_none_came_back(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    before = await tokens(context, connection)
    provider.rotates = False
    for number in (1, 2):
        clock.advance(2 * HOUR)
        assert await use(access, connection) == "Customer Ltd"
        assert len(provider.asked) == number
    after = await tokens(context, connection)
    assert after.refresh_token == before.refresh_token
    assert after.access_token != before.access_token


async def test_scopes_that_a_refresh_names_are_those_of_the_connection(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.scope = "dns.write"
    clock.advance(2 * HOUR)
    await access.open_driver(connection.org_id, connection.id)
    assert (await stored(context, connection)).scopes == ("dns.write",)


async def test_a_refused_refresh_token_is_told_once_and_ends_the_connection(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.withdraw()
    clock.advance(2 * HOUR)
    refused = await asyncio.gather(*[use(access, connection) for _ in range(20)], return_exceptions=True)
    assert {type(error) for error in refused} == {Unauthorized}
    assert {error.code for error in refused if isinstance(error, DcvdError)} == {"reauth_required"}
    after = await stored(context, connection)
    assert (after.status, after.refresh_at) == (ConnectionStatus.REAUTH_REQUIRED, None)
    assert after.last_error is not None
    assert after.last_error.code == "invalid_grant"
    with pytest.raises(Unauthorized):
        await use(access, connection)
    assert len(provider.asked) == 1
    (body,) = await bodies(context, connection.org_id)
    assert body["event"] == "connection.reauth_required"
    assert body["data"] == {
        "connection_id": connection.id,
        "provider": "cloudflare",
        "account": "Customer Ltd",
        "error": {"code": "invalid_grant", "message": after.last_error.message},
    }


@pytest.mark.parametrize("fault", [lost, broken])
async def test_a_lost_answer_is_asked_for_again_at_once_and_grace_saves_the_connection(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    fault: object,
) -> None:
    provider.grace = True
    provider.faults = [fault]  # type: ignore[list-item]  # one of the two above
    clock.advance(2 * HOUR)
    assert await use(access, connection) == "Customer Ltd"
    assert len({form["refresh_token"] for form in provider.asked}) == 1
    assert len(provider.asked) == 2
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE


async def test_whoever_held_an_older_pair_gets_the_newer_one_and_nobody_is_asked(
    access: ProviderAccess, connection: Connection, provider: ProviderServer
) -> None:
    stale = await access.load_connection(connection.org_id, connection.id)
    first = await access.refresher.refresh(stale)
    second = await access.refresher.refresh(stale)
    assert first.connection == second.connection
    assert first.refresh_token == second.refresh_token
    assert len(provider.asked) == 1


async def test_a_request_that_was_not_taken_is_not_sent_again_at_once(
    access: ProviderAccess, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.too_many = True
    clock.advance(2 * HOUR)
    with pytest.raises(Retryable) as refused:
        await use(access, connection)
    assert refused.value.retry_after_s == 7
    assert len(provider.asked) == 1


async def test_no_refresh_begins_while_a_connection_is_being_removed(
    access: ProviderAccess, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    await access.refresher.block_refreshes(connection.id)
    using = asyncio.create_task(use(access, connection))
    await asyncio.wait([using], timeout=0.05)
    assert not using.done()
    assert provider.asked == []
    access.refresher.unblock_refreshes(connection.id)
    assert await using == "Customer Ltd"


async def test_a_lost_answer_of_a_provider_without_grace_needs_the_owner(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.faults = [lost]
    clock.advance(2 * HOUR)
    with pytest.raises(Unauthorized) as refused:
        await use(access, connection)
    assert refused.value.code == "reauth_required"
    assert (await stored(context, connection)).status is ConnectionStatus.REAUTH_REQUIRED


async def test_a_provider_that_is_away_is_no_end_but_an_expired_token_is_not_used_meanwhile(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.grace = True
    provider.faults = [broken, broken]
    clock.advance(2 * HOUR)
    with pytest.raises(Retryable) as away:
        await use(access, connection)
    assert away.value.code == "token_endpoint_unavailable"
    assert len(provider.asked) == 2
    assert not provider.calls
    fault = access.usage.apply_to(await stored(context, connection)).last_error
    assert fault is not None
    assert fault.code == "token_endpoint_unavailable"


async def test_a_token_that_is_about_to_end_is_used_where_the_provider_cannot_be_asked(
    access: ProviderAccess, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.refuses_client = True
    clock.advance(HOUR - SECOND)
    assert await use(access, connection) == "Customer Ltd"
    assert len(provider.asked) == 1


async def test_a_refused_client_is_the_operators_fault_and_ends_no_connection(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    log_lines: Log,
) -> None:
    provider.refuses_client = True
    clock.advance(2 * HOUR)
    with pytest.raises(Retryable) as refused:
        await use(access, connection)
    assert refused.value.code == "oauth_client_refused"
    assert (await stored(context, connection)).status is ConnectionStatus.ACTIVE
    assert [line["event"] for line in log_lines if line["log_level"] == "error"] == ["connection.oauth_client_refused"]
    provider.refuses_client = False
    assert await use(access, connection) == "Customer Ltd"


async def test_a_refresh_goes_on_when_whoever_wanted_it_has_left(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.gate.clear()
    clock.advance(2 * HOUR)
    caller = asyncio.create_task(use(access, connection))

    async def asked() -> bool:
        return bool(provider.asked)

    await until(asked)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    provider.gate.set()
    assert await access.tasks.drain(5) == 0
    assert (await stored(context, connection)).version == 2
    assert await use(access, connection) == "Customer Ltd"
    assert len(provider.asked) == 1


@pytest.mark.parametrize("fate", Fate)
async def test_a_pair_whose_commit_failed_is_kept_and_stored_without_asking_again(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    fate: Fate,
) -> None:
    clock.advance(2 * HOUR)
    stale = await access.load_connection(connection.org_id, connection.id)
    strike(context.database, "TokenRefresher._store", 1, fate)
    with pytest.raises(StoreError):
        await access.refresher.refresh(stale)
    assert (await access.refresher.refresh(stale)).connection.version == 2
    assert await use(access, connection) == "Customer Ltd"
    assert len(provider.asked) == 1
    assert provider.revoked == []


async def test_a_refresh_that_ends_after_its_connection_was_removed_leaves_no_live_tokens(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
) -> None:
    held = await access.load_connection(connection.org_id, connection.id)
    older = replace(held, connection=replace(held.connection, version=held.connection.version - 1))
    provider.gate.clear()
    clock.advance(2 * HOUR)
    caller = asyncio.create_task(use(access, connection))

    async def asked() -> bool:
        return bool(provider.asked)

    await until(asked)
    assert (await access.refresher.refresh(older)).connection == held.connection, "who holds older tokens need not wait"
    removing = asyncio.create_task(
        removal.disconnect(context, access, connection.org_id, connection.id, actor="token:token_x")
    )

    async def is_removing() -> bool:
        return bool(access.tasks.list_names("disconnect."))

    await until(is_removing)
    await asyncio.sleep(0)  # its first step
    latecomer = asyncio.create_task(access.refresher.refresh(older))
    provider.gate.set()
    await removing
    with pytest.raises(NotFound):
        await latecomer
    assert await caller == "Customer Ltd"
    (revoked,) = provider.revoked
    assert revoked != provider.asked[0]["refresh_token"]
    with pytest.raises(NotFound):
        await use(access, connection)


async def test_a_refresh_that_is_needed_during_a_removal_that_fails_is_made(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    database: UnreliableDatabase,
    clock: ManualClock,
) -> None:
    clock.advance(2 * HOUR)
    using: list[asyncio.Task[str | None]] = []

    async def use_it_meanwhile() -> None:
        database.before_write = None
        using.append(asyncio.create_task(use(access, connection)))
        await asyncio.wait(using, timeout=0.05)

    database.before_write = use_it_meanwhile
    strike(database, "_erase.", 1, Fate.LOST)
    with pytest.raises(StoreError):
        await removal.disconnect(context, access, connection.org_id, connection.id, actor="token:token_x")
    assert await using[0] == "Customer Ltd"


async def test_what_was_removed_behind_a_refresh_has_its_late_tokens_revoked(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
) -> None:
    provider.gate.clear()
    clock.advance(2 * HOUR)
    caller = asyncio.create_task(use(access, connection))

    async def asked() -> bool:
        return bool(provider.asked)

    await until(asked)
    await context.database.write(lambda tx: tx.execute("DELETE FROM organizations WHERE id = ?", (connection.org_id,)))
    provider.gate.set()
    with pytest.raises(NotFound):
        await caller
    (revoked,) = provider.revoked
    assert revoked != provider.asked[0]["refresh_token"]


async def test_a_token_without_an_end_is_refreshed_when_the_provider_refuses_it(
    access: ProviderAccess, context: Context, organization: Organization, provider: ProviderServer, clock: ManualClock
) -> None:
    provider.expires_in = None
    connection = await connect(context, organization.id, provider.grant(), life=None)
    clock.advance(1000 * HOUR)
    assert await use(access, connection) == "Customer Ltd"
    assert provider.asked == []
    provider.forget_access()
    assert await use(access, connection) == "Customer Ltd"
    assert len(provider.asked) == 1
    assert (await stored(context, connection)).expires_at is None


async def test_no_token_stands_in_the_database_after_refreshes_and_failures(
    access: ProviderAccess, tmp_path: Path, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    for _ in range(3):
        clock.advance(2 * HOUR)
        await use(access, connection)
    provider.withdraw()
    clock.advance(2 * HOUR)
    with pytest.raises(Unauthorized):
        await use(access, connection)
    assert (tmp_path / "dcvd.db").exists()
    assert found_in(tmp_path) == []
