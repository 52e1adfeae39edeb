"""An endpoint chooses whether the events of a domain wait for each other, and a change counts for what waits."""

import json

import pytest

from dcvd.core.webhooks.ordering import Ordering
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import at_work, configure
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, states
from tests.manual_clock import ManualClock


def _numbers(receiver: Receiver) -> list[int]:
    return [json.loads(request.body)["sequence"] for request in receiver.received]


async def _order(context: Context, org: str, endpoint: str, ordering: Ordering) -> None:
    await endpoints.change(context, org, endpoint, EndpointChange(ordering=ordering))


@pytest.mark.usefixtures("pool")
async def test_without_ordering_a_poison_event_holds_up_nothing(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    await _order(context, org, endpoint, Ordering.NONE)
    receiver.answer = in_turn(saying(400), ok)
    await happen(context, org, 3, domain_id="dom_1")
    await delivered(context, 2)
    assert sorted(_numbers(receiver)) == [1, 2, 3]
    assert sorted(await states(context)) == [("delivered", 1), ("delivered", 1), ("pending", 1)]


@pytest.mark.usefixtures("pool")
async def test_what_waits_behind_a_poison_event_is_sent_as_soon_as_order_no_longer_matters(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    receiver.answer = in_turn(saying(400), ok)
    await happen(context, org, 3, domain_id="dom_1")
    await attempted(context, 1)
    await _order(context, org, endpoint, Ordering.NONE)
    await delivered(context, 2)
    assert await states(context) == [("pending", 1), ("delivered", 1), ("delivered", 1)]


async def test_what_was_read_ahead_waits_as_soon_as_order_matters_again(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, endpoint_concurrency=1)
    await _order(context, org, endpoint, Ordering.NONE)
    gate = Gate(saying(500))
    receiver.answer = in_turn(gate, ok)
    await happen(context, org, 3, domain_id="dom_1")
    async with at_work(context):
        await gate.reached.wait()
        await _order(context, org, endpoint, Ordering.DOMAIN)
        gate.opened.set()
        await happen(context, org, domain_id="dom_2")
        await delivered(context, 1)
        assert _numbers(receiver) == [1, 4]
        clock.advance(5_000)
        await delivered(context, 4)
    assert _numbers(receiver) == [1, 4, 1, 2, 3]
