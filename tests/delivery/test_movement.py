"""The delivery pool stalls where its reads do not come back."""

import asyncio

import pytest

from dcvd.delivery import DeliveryPool
from dcvd.services.context import Context
from tests.delivery.owing import happen
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until


@pytest.mark.usefixtures("endpoint")
async def test_a_pool_at_work_moves_and_one_whose_reads_do_not_come_back_stalls(
    pool: DeliveryPool, context: Context, org: str, database: UnreliableDatabase
) -> None:
    is_held, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        is_held.set()
        await release.wait()

    async def stalls() -> bool:
        return pool.movement.measure_stall_s() > 0.3

    async def moves() -> bool:
        return 0 < pool.movement.measure_stall_s() < 0.3

    await until(moves)
    database.after_read = hold
    await happen(context, org)
    await is_held.wait()
    await until(stalls)
    release.set()
    database.after_read = None
    await until(moves)
