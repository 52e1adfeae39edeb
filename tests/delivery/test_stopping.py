"""Stopping: what is under way is finished and stored, and what is cut off is simply due again."""

import asyncio

from dcvd.delivery import DeliveryPool
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from tests.delivery.conftest import at_work, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, never, ok
from tests.delivery.views import delivered, states


async def _begin(context: Context) -> tuple[DeliveryPool, "asyncio.Task[None]"]:
    pool = DeliveryPool(context, Metrics())
    await pool.start()
    return pool, asyncio.create_task(pool.run(), name="delivery")


async def _no_more(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_the_outcome_of_what_was_under_way_is_stored_and_nothing_more_is_begun(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate()
    receiver.answer = gate
    pool, task = await _begin(context)
    await happen(context, org, 20)
    await receiver.holds(8)
    await _no_more(task)
    draining = asyncio.create_task(pool.pool.drain(5))
    await asyncio.sleep(0)
    gate.opened.set()
    assert await draining == 0
    await pool.close()
    assert sorted(await states(context)) == [("delivered", 1)] * 8 + [("pending", 0)] * 12
    assert len(receiver.received) == 8


async def test_what_was_cut_off_is_simply_due_again_with_the_same_id(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    receiver.answer = never
    pool, task = await _begin(context)
    await happen(context, org)
    await receiver.holds(1)
    await _no_more(task)
    assert await pool.pool.drain(0) == 1
    await pool.close()
    assert await states(context) == [("pending", 0)]
    receiver.answer = ok
    async with at_work(context):
        await delivered(context, 1)
    assert len(receiver.received) == 2
    assert len(set(receiver.ids())) == 1


async def test_what_does_not_end_in_time_is_cut_off_and_what_does_is_stored(
    context: Context, org: str, receiver: Receiver
) -> None:
    gate = Gate()
    slow, _ = await subscribe(context, org, f"{receiver.base}/slow")
    quick, _ = await subscribe(context, org, f"{receiver.base}/quick")
    receiver.answers |= {"/slow": never, "/quick": gate}
    pool, task = await _begin(context)
    await happen(context, org)
    await receiver.holds(2)
    await _no_more(task)
    draining = asyncio.create_task(pool.pool.drain(0.5))
    gate.opened.set()
    assert await draining == 1
    await pool.close()
    assert await states(context, quick) == [("delivered", 1)]
    assert await states(context, slow) == [("pending", 0)]
