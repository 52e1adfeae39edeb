"""429, 502, 503 and 504 speak of the endpoint, not of one delivery: all that is owed to it waits, and burns nothing."""

import pytest

from dcvd.services.context import Context
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, health_of, states
from tests.manual_clock import ManualClock


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.usefixtures("pool")
async def test_the_endpoint_pauses_while_another_goes_on_and_then_everything_goes_on(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock, status: int
) -> None:
    other, _ = await subscribe(context, org, f"{receiver.base}/other", events=("domain.removed", "domain.added"))
    receiver.answers["/hooks"] = in_turn(saying(status), ok)
    await happen(context, org)
    await attempted(context, 2)
    assert (await health_of(context, endpoint)).paused_until == clock.now() + 500
    await happen(context, org, 5)
    await delivered(context, 6, other)
    clock.advance(499)
    await happen(context, org)
    await delivered(context, 7, other)
    assert receiver.by_path["/hooks"] == 1
    assert sorted(await states(context, endpoint)) == [("pending", 0)] * 6 + [("pending", 1)]
    clock.advance(1)
    await delivered(context, 6, endpoint)
    assert (await health_of(context, endpoint)).pauses == 0
    clock.advance(5_000)
    await delivered(context, 7, endpoint)
    assert sorted(await states(context, endpoint)) == [("delivered", 1)] * 6 + [("delivered", 2)]


@pytest.mark.usefixtures("pool")
async def test_a_2xx_to_what_was_under_way_ends_the_pause(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    gate = Gate()
    receiver.answer = in_turn(gate, saying(503), ok)
    await happen(context, org)
    await gate.reached.wait()
    await happen(context, org)
    await attempted(context, 1)
    await happen(context, org, 3)
    assert (await health_of(context, endpoint)).paused_until == clock.now() + 500
    gate.opened.set()
    # The clock stands still: nothing but the success can have ended the pause.
    await delivered(context, 4)
    assert (await health_of(context, endpoint)).paused_until is None


@pytest.mark.usefixtures("pool")
async def test_a_burst_of_such_answers_counts_once(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    gate = Gate(saying(503))
    receiver.answer = gate
    await happen(context, org, 8)
    await receiver.holds(8)
    gate.opened.set()
    await attempted(context, 8)
    health = await health_of(context, endpoint)
    assert (health.pauses, health.paused_until) == (1, clock.now() + 500)
    assert health.failures == 8


@pytest.mark.usefixtures("pool")
async def test_the_pause_doubles_with_each_such_answer_in_a_row_up_to_the_schedules_own_delay(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, *[1500] * 6))
    receiver.answer = saying(503)
    await happen(context, org)
    pauses = []
    for number in range(1, 5):
        await attempted(context, number)
        paused_until = (await health_of(context, endpoint)).paused_until
        assert paused_until is not None
        pauses.append(paused_until - clock.now())
        clock.advance(1500)
    assert pauses == [500, 1000, 1500, 1500]


@pytest.mark.usefixtures("pool")
async def test_retry_after_says_how_long_the_endpoint_pauses(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(429, retry_after="120"), ok)
    await happen(context, org)
    await attempted(context, 1)
    assert (await health_of(context, endpoint)).paused_until == clock.now() + 120_000
    await happen(context, org)
    clock.advance(120_000)
    await delivered(context, 2)


async def test_a_pause_outlives_a_restart(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(503, retry_after="60"), ok)
    await happen(context, org)
    async with at_work(context):
        await attempted(context, 1)
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    await happen(context, org)
    async with at_work(context):
        await delivered(context, 1, other)
        assert receiver.by_path["/hooks"] == 1
        clock.advance(60_000)
        await delivered(context, 2, endpoint)


@pytest.mark.usefixtures("pool")
async def test_a_500_pauses_nothing(context: Context, org: str, endpoint: str, receiver: Receiver) -> None:
    receiver.answer = in_turn(saying(500), ok)
    await happen(context, org)
    await attempted(context, 1)
    await happen(context, org, 3)
    await delivered(context, 3)
    assert (await health_of(context, endpoint)).paused_until is None
