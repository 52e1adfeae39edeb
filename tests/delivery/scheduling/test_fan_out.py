"""One event for many endpoints: each is owed it on its own."""

import pytest

from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.services.context import Context
from dcvd.services.webhooks import replay_job, replays
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, states
from tests.manual_clock import ManualClock


@pytest.mark.usefixtures("pool")
async def test_when_some_of_the_endpoints_fail_only_those_are_sent_to_again(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    for number in range(5):
        await subscribe(context, org, f"{receiver.base}/{number}")
    receiver.answers["/1"] = receiver.answers["/3"] = in_turn(saying(500), saying(500), ok)
    await happen(context, org)
    await attempted(context, 5)
    clock.advance(5_000)
    await delivered(context, 5)
    assert receiver.by_path == {"/0": 1, "/1": 2, "/2": 1, "/3": 2, "/4": 1}
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


async def test_a_restart_in_the_midst_of_a_fan_out_sends_to_nobody_twice(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    for number in range(20):
        await subscribe(context, org, f"{receiver.base}/{number}")
    receiver.answers["/7"] = in_turn(saying(500), ok)
    await happen(context, org)
    async with at_work(context):
        await attempted(context, 20)
    clock.advance(5_000)
    async with at_work(context):
        await delivered(context, 20)
    assert {path: count for path, count in receiver.by_path.items() if count > 1} == {"/7": 2}


async def test_a_replay_of_what_is_dead_sends_that_and_no_more_with_its_full_schedule(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, 1000))
    first, _ = await subscribe(context, org, f"{receiver.base}/1")
    await subscribe(context, org, f"{receiver.base}/2")
    receiver.answers["/1"] = in_turn(*[saying(500)] * 3, ok)
    async with at_work(context):
        await happen(context, org)
        await attempted(context, 2)
        clock.advance(1000)
        await attempted(context, 3)
        assert ("dead", 2) in await states(context, first)
        job = await replay_job.start_replay(
            context, org, await replays.prepare_replay(context, org, first, status=ReplayStatus.DEAD)
        )
        going = await replay_job.run_next_batch(context, job)
        while going is not None:
            going = await replay_job.run_next_batch(context, going)
        await attempted(context, 4)
        clock.advance(1000)
        await delivered(context, 1, first)
    assert receiver.by_path == {"/1": 4, "/2": 1}
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
