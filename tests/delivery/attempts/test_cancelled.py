"""What is cancelled is not sent, though it was read ahead, and what waited for it is."""

import json

import pytest

from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks.cancellations import cancel
from tests.delivery.conftest import at_work, configure
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, delivery_ids, states


def _numbers(receiver: Receiver) -> list[int]:
    return [json.loads(request.body)["sequence"] for request in receiver.received]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_after_a_poison_event_is_cancelled_the_next_of_its_domain_arrives_at_once(
    context: Context, org: str, receiver: Receiver
) -> None:
    receiver.answer = in_turn(saying(400), ok)
    await happen(context, org, 3, domain_id="dom_1")
    await attempted(context, 1)
    await cancel(context, org, (await delivery_ids(context))[0])
    await delivered(context, 2)
    assert _numbers(receiver) == [1, 2, 3]
    assert await states(context) == [("cancelled", 1), ("delivered", 1), ("delivered", 1)]


@pytest.mark.usefixtures("endpoint")
async def test_one_that_was_read_ahead_is_not_sent(context: Context, org: str, receiver: Receiver) -> None:
    configure(context, endpoint_concurrency=1)
    gate = Gate()
    receiver.answer = in_turn(gate, ok)
    await happen(context, org, 3)
    async with at_work(context):
        await gate.reached.wait()
        under_way = json.loads(receiver.received[0].body)["sequence"]
        waiting = next(number for number in (1, 2, 3) if number != under_way)
        await cancel(context, org, (await delivery_ids(context))[waiting - 1])
        gate.opened.set()
        await delivered(context, 2)
    assert waiting not in _numbers(receiver)
    assert (await states(context))[waiting - 1] == ("cancelled", 0)


@pytest.mark.usefixtures("endpoint")
async def test_an_attempt_that_fails_after_it_was_cancelled_is_the_last(
    context: Context, org: str, receiver: Receiver
) -> None:
    metrics = Metrics()
    gate = Gate(saying(500))
    receiver.answer = in_turn(gate, ok)
    async with at_work(context, metrics):
        await happen(context, org)
        await gate.reached.wait()
        await cancel(context, org, (await delivery_ids(context))[0])
        gate.opened.set()
        await attempted(context, 1)
        await happen(context, org)
        await delivered(context, 1)
    assert await states(context) == [("cancelled", 1), ("delivered", 1)]
    counted = metrics.registry.get_sample_value("dcvd_deliveries_ended_total", {"state": "cancelled"})
    assert counted == 0  # whoever cancels counts it
