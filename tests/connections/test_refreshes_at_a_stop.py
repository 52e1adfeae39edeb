"""Refreshes that a stop cuts off, and pairs that could not be stored when they came: none is lost."""

import asyncio

import pytest

from dcvd.core.connections.connection import Connection, ConnectionStatus
from dcvd.core.instants import HOUR
from dcvd.errors import StoreError, Unauthorized
from dcvd.jobs import ConnectionMaintenance
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from tests.connections.conftest import Log
from tests.connections.provider import ProviderServer
from tests.connections.views import stored, use
from tests.manual_clock import ManualClock
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until


async def test_a_refresh_that_does_not_end_in_time_is_cut_off_and_said_and_its_owner_is_asked_if_it_was_done(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    log_lines: Log,
) -> None:
    clock.advance(2 * HOUR)
    provider.gate.clear()
    using = [asyncio.create_task(use(access, connection)) for _ in range(2)]

    async def asked() -> bool:
        return len(provider.asked) == 1

    await until(asked)
    assert await access.tasks.drain(0.05) == 1
    await asyncio.wait(using)
    assert all(task.cancelled() for task in using)
    (line,) = [line for line in log_lines if line["event"] == "task.cut_off"]
    assert (line["task"], line["deadline_s"]) == (f"refresh.{connection.id}.1", 0.05)
    assert (await stored(context, connection)).version == 1
    assert await access.tasks.drain(5) == 0, "nothing is under way any more"
    # Its answer is lost, and with it the newer refresh token of a server that gives no time of grace.
    provider.gate.set()
    with pytest.raises(Unauthorized) as caught:
        await use(access, connection)
    assert caught.value.code == "reauth_required"
    assert (await stored(context, connection)).status is ConnectionStatus.REAUTH_REQUIRED


async def test_a_pair_that_has_come_is_stored_although_its_refresh_is_cut_off_at_the_commit(
    access: ProviderAccess,
    context: Context,
    connection: Connection,
    provider: ProviderServer,
    clock: ManualClock,
    database: UnreliableDatabase,
    log_lines: Log,
) -> None:
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await release.wait()

    clock.advance(2 * HOUR)
    database.before_write = hold
    using = asyncio.create_task(use(access, connection))
    await reached.wait()
    closing = asyncio.create_task(access.tasks.drain(0))

    async def cut_off() -> bool:
        return any(line["event"] == "task.cut_off" for line in log_lines)

    await until(cut_off)
    database.before_write = None
    release.set()
    await asyncio.wait([using])
    assert await closing == 1
    assert using.cancelled()
    assert (await stored(context, connection)).version == 2
    assert await use(access, connection) == "Customer Ltd"
    assert len(provider.asked) == 1


async def test_a_pair_that_could_not_be_stored_is_stored_at_the_close_and_by_each_round_of_maintenance(
    access: ProviderAccess, context: Context, connection: Connection, provider: ProviderServer, clock: ManualClock
) -> None:
    for number, store in ((1, ConnectionMaintenance(context, access).run_once), (2, access.close)):
        clock.advance(2 * HOUR)
        strike(context.database, "TokenRefresher._store", 1, Fate.LOST)
        with pytest.raises(StoreError):
            await use(access, connection)
        assert (await stored(context, connection)).version == number
        await store()
        assert (await stored(context, connection)).version == number + 1
        assert len(provider.asked) == number
