"""Events that make no sense after a time."""

import pytest

from dcvd.services.context import Context
from tests.delivery.conftest import at_work
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, states, stored
from tests.manual_clock import ManualClock


@pytest.mark.usefixtures("endpoint")
async def test_what_expired_before_it_could_be_sent_is_dropped_and_said_so(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    await happen(context, org, expires_at=clock.now() + 1000)
    await happen(context, org, expires_at=clock.now() + 1001)
    clock.advance(1000)
    async with at_work(context):
        await delivered(context, 1)
    dropped, sent = await stored(context)
    if dropped.state == "delivered":
        dropped, sent = sent, dropped
    assert (dropped.state, dropped.attempts, dropped.next_attempt_at) == ("dropped", 0, None)
    assert dropped.last_error is not None
    assert "expired" in dropped.last_error
    assert receiver.ids() == [sent.event_id]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_what_was_read_ahead_expires_all_the_same(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    gate = Gate()
    receiver.answer = gate
    await happen(context, org, 20, expires_at=clock.now() + 1000)
    await receiver.holds(8)
    clock.advance(1000)
    gate.opened.set()

    await delivered(context, 8)
    await happen(context, org)
    await delivered(context, 9)
    assert sorted(await states(context)) == [("delivered", 1)] * 9 + [("dropped", 0)] * 12
    assert len(receiver.received) == 9


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_failed_delivery_that_expires_is_not_tried_again(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(500), ok)
    await happen(context, org, expires_at=clock.now() + 4000)
    await attempted(context, 1)
    clock.advance(5000)
    await happen(context, org)
    await delivered(context, 1)
    assert sorted(await states(context)) == [("delivered", 1), ("dropped", 1)]


@pytest.mark.usefixtures("endpoint")
async def test_by_a_time_that_nothing_confirms_no_event_comes_too_late(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    await happen(context, org, expires_at=clock.now() + 1000)
    clock.advance(100_000)
    clock.is_confirmed = False
    async with at_work(context):
        await delivered(context, 1)
    (sent,) = await stored(context)
    assert receiver.ids() == [sent.event_id]
