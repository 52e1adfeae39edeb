"""The loop of checks stalls where every slot is taken by checks that do not end."""

import asyncio

from msgspec.structs import replace

from dcvd.services.context import Context
from tests.sync.fleet import Noting, Pages, fleet, looking
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until


async def test_checks_that_never_end_are_a_stall_once_they_have_every_slot(context: Context, org: str) -> None:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, concurrency=2, tick=20))
    looker = Noting(context, lambda domain: domain.name in ("n1.customer.test", "n2.customer.test"))
    await fleet(context, org, 2)
    async with looking(context, looker, Pages(), longest_check_s=0.05) as loop:

        async def stalls() -> bool:
            return loop.movement.measure_stall_s() > 0.2

        async def looked() -> bool:
            return "n0.customer.test" in looker.looked

        await until(looked)
        assert not await stalls()
        await fleet(context, org, 3, first=2)
        await until(stalls)


async def test_a_read_that_does_not_come_back_is_a_stall(
    context: Context, org: str, database: UnreliableDatabase
) -> None:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, tick=20))
    release = asyncio.Event()
    database.after_read = release.wait
    await fleet(context, org, 1)
    looker = Noting(context)
    async with looking(context, looker, Pages()) as loop:

        async def stalls() -> bool:
            return loop.movement.measure_stall_s() > 0.2

        async def looked() -> bool:
            return bool(looker.looked)

        await until(stalls)
        release.set()
        await until(looked)
        assert not await stalls()
