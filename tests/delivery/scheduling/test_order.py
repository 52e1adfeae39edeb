"""Events of one domain reach an endpoint in their order; nothing else waits for them."""

import json

import pytest

from dcvd.services.context import Context
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, states
from tests.manual_clock import ManualClock


def _numbers(receiver: Receiver, path: str = "/hooks") -> list[int]:
    return [json.loads(request.body)["sequence"] for request in receiver.received if request.path == path]


@pytest.mark.usefixtures("pool")
async def test_the_next_event_of_a_domain_waits_while_the_earlier_fails_and_others_go_on(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answers["/hooks"] = in_turn(saying(500), ok)
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    await happen(context, org, domain_id="dom_1")
    await attempted(context, 2)
    await happen(context, org, domain_id="dom_1")
    await happen(context, org, domain_id="dom_2")
    await happen(context, org)
    await delivered(context, 2, endpoint)
    await delivered(context, 4, other)
    assert _numbers(receiver) == [1, 3, 4]
    assert (await states(context, endpoint))[:2] == [("pending", 1), ("pending", 0)]
    clock.advance(5_000)
    await delivered(context, 4, endpoint)
    assert _numbers(receiver) == [1, 3, 4, 1, 2]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_after_the_earlier_is_a_dead_letter_the_next_goes(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, 1000))
    receiver.answer = in_turn(saying(500), saying(500), ok)
    await happen(context, org, 3, domain_id="dom_1")
    await attempted(context, 1)
    clock.advance(1000)
    await delivered(context, 2)
    assert _numbers(receiver) == [1, 1, 2, 3]
    assert await states(context) == [("dead", 2), ("delivered", 1), ("delivered", 1)]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_what_expired_lets_the_next_go(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(500), ok)
    await happen(context, org, domain_id="dom_1", expires_at=clock.now() + 1000)
    await attempted(context, 1)
    await happen(context, org, domain_id="dom_1")
    clock.advance(5_000)
    await delivered(context, 1)
    assert _numbers(receiver) == [1, 2]
    assert await states(context) == [("dropped", 1), ("delivered", 1)]


async def test_twenty_events_of_each_of_five_domains_arrive_in_order_from_a_pool_of_many_slots(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    for _ in range(20):
        for domain in range(5):
            await happen(context, org, domain_id=f"dom_{domain}")
    async with at_work(context):
        await delivered(context, 100)
    for domain in range(5):
        of_domain = [number for number in _numbers(receiver) if (number - 1) % 5 == domain]
        assert of_domain == sorted(of_domain)
        assert len(of_domain) == 20
