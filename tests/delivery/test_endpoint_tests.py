"""Tests that a tenant asks for and waits for: apart from the pool, its turns, and the endpoint's health."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from standardwebhooks import Webhook

from dcvd.core.events import EventType
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.webhooks.deliveries import AttemptConsequence, AttemptOutcome, DeliveryState, NextAttemptReason
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.errors import InvalidInput, NotFound, Retryable
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.events import operator_events
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.receivers import Gate, Receiver, in_turn, never, ok, saying
from tests.delivery.views import attempted, attempts, delivered, health_of, secret_of, states
from tests.manual_clock import RealClock
from tests.stored_events import find_schema_faults
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until


@pytest.fixture
async def prober(context: Context) -> AsyncIterator[EndpointTestRunner]:
    async with run_beside(context, DeliveryPool(context, Metrics())) as prober:
        yield prober


@asynccontextmanager
async def run_beside(context: Context, pool: DeliveryPool) -> AsyncIterator[EndpointTestRunner]:
    prober = EndpointTestRunner(context, pool)
    await prober.start()
    yield prober
    await prober.close()


async def test_a_test_arrives_signed_and_is_in_the_history(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    context.clock = RealClock()
    delivery, made = await prober.send_test(org, endpoint)
    (request,) = receiver.received
    secret = await secret_of(context, endpoint)
    body = Webhook(to_standard_secret(secret).reveal()).verify(request.body, dict(request.headers))
    assert isinstance(body, dict)
    assert body["event"] == request.headers["X-DCVaaS-Event"] == "webhook.test"
    assert body["data"]["endpoint_id"] == endpoint
    assert (delivery.state, delivery.event_id) == (DeliveryState.DELIVERED, request.headers["webhook-id"])
    assert (made.attempt.outcome, made.attempt.status_code) == (AttemptOutcome.DELIVERED, 200)
    assert made.attempt.response_body == b"thanks"
    assert await states(context) == [("delivered", 1)]
    assert len(await attempts(context)) == 1


@pytest.mark.parametrize("event_type", [each for each in TENANT_TYPES if each is not EventType.WEBHOOK_TEST])
async def test_an_example_of_an_event_arrives_signed_to_that_endpoint_alone_and_nothing_of_it_is_stored(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner, event_type: EventType
) -> None:
    context.clock = RealClock()
    await subscribe(context, org, f"{receiver.base}/all", events=("*",))
    async with at_work(context):
        delivery, made = await prober.send_test(org, endpoint, event_type)
        await happen(context, org)
        await delivered(context, 2)
    example = next(request for request in receiver.received if request.headers["webhook-id"] == delivery.event_id)
    secret = await secret_of(context, endpoint)
    body = Webhook(to_standard_secret(secret).reveal()).verify(example.body, dict(example.headers))
    assert isinstance(body, dict)
    assert body["event"] == example.headers["X-DCVaaS-Event"] == event_type
    assert (body["id"], body["sequence"], body["data"]["test"]) == (delivery.event_id, 0, True)
    assert find_schema_faults(body) == []
    assert (delivery.state, delivery.sequence, made.attempt.status_code) == (DeliveryState.DELIVERED, 0, 200)
    assert len(receiver.received) == 3
    assert await states(context) == [("delivered", 1)] * 2
    with pytest.raises(NotFound):
        await delivery_history.get(context, org, delivery.id)


async def test_examples_of_what_the_operator_alone_gets_are_sent_to_the_operator_alone(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    with pytest.raises(InvalidInput, match="sent to the operator alone"):
        await prober.send_test(org, endpoint, EventType.SYSTEM_DISK_LOW)
    assert receiver.received == []
    await operator_events.begin(context)
    own_endpoint, _ = await subscribe(context, OPERATOR_ORG_ID, receiver.url, events=("*",))
    for event_type, about in ((EventType.SYSTEM_DISK_LOW, None), (EventType.DOMAIN_ACTIVE, "org_example")):
        await prober.send_test(OPERATOR_ORG_ID, own_endpoint, event_type)
        body = json.loads(receiver.received[-1].body)
        assert (body["event"], body["org_id"], body["data"]["test"]) == (event_type, about, True)


@pytest.mark.parametrize("answer", [saying(500), saying(503, retry_after="60"), saying(410), never])
async def test_a_test_that_fails_is_made_once_and_says_nothing_of_the_health(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner, answer: Gate
) -> None:
    configure(context, timeout=500, retry_schedule=(0, 0, 0))
    receiver.answer = answer
    before = await health_of(context, endpoint)
    async with at_work(context):
        delivery, made = await prober.send_test(org, endpoint)
        assert (delivery.state, made.consequence) == (
            DeliveryState.DEAD,
            AttemptConsequence(reason=NextAttemptReason.ONCE),
        )
        receiver.answer = ok
        await happen(context, org)
        await delivered(context, 1)
    assert len(receiver.received) == 2
    assert await health_of(context, endpoint) == before
    assert sorted(await states(context)) == [("dead", 1), ("delivered", 1)]


async def test_a_disabled_endpoint_can_be_tested_and_stays_disabled(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    async with at_work(context):
        await happen(context, org)
        delivery, _ = await prober.send_test(org, endpoint)
        assert delivery.state is DeliveryState.DELIVERED
    assert not (await health_of(context, endpoint)).is_enabled
    assert sorted(await states(context)) == [("delivered", 1), ("pending", 0)]


async def test_a_paused_endpoint_with_a_backlog_is_tested_at_once_and_stays_paused(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = in_turn(saying(503, retry_after="600"), ok)
    async with at_work(context):
        await happen(context, org)
        await attempted(context, 1)
        await backlog(context, org, endpoint, 2000)
        delivery, _ = await prober.send_test(org, endpoint)
        assert delivery.state is DeliveryState.DELIVERED
        assert len(receiver.received) == 2
    assert (await health_of(context, endpoint)).paused_until is not None


async def test_a_pool_whose_every_slot_is_held_delays_no_test(
    context: Context, org: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    configure(context, concurrency=2)
    slow, _ = await subscribe(context, org, f"{receiver.base}/slow")
    receiver.answers["/slow"] = never
    tested, _ = await subscribe(context, org, f"{receiver.base}/tested", events=("domain.removed",))
    async with at_work(context):
        await backlog(context, org, slow, 100)
        await receiver.gets(1, "/slow")
        delivery, _ = await prober.send_test(org, tested)
        assert delivery.state is DeliveryState.DELIVERED


async def test_the_third_test_of_one_organization_at_once_is_told_to_come_again_and_another_organization_is_not(
    context: Context, org: str, rival_org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    gate = Gate()
    receiver.answer = gate
    others, _ = await subscribe(context, rival_org, f"{receiver.base}/rival")
    receiver.answers["/rival"] = ok
    under_way = [asyncio.create_task(prober.send_test(org, endpoint)) for _ in range(2)]
    await receiver.holds(2)
    with pytest.raises(Retryable) as caught:
        await prober.send_test(org, endpoint)
    assert caught.value.code == "too_many_tests"
    assert caught.value.retry_after_s
    await prober.send_test(rival_org, others)
    gate.opened.set()
    await asyncio.gather(*under_way)
    await prober.send_test(org, endpoint)
    assert receiver.by_path == {"/hooks": 3, "/rival": 1}


async def test_a_test_is_one_of_what_may_be_in_flight_to_its_origin(
    context: Context, org: str, rival_org: str, receiver: Receiver
) -> None:
    configure(context, origin_concurrency=2, timeout=60_000)
    gate = Gate()
    receiver.answer = gate
    tested, delivered_to = [(await subscribe(context, each, f"{receiver.base}/{each}"))[0] for each in (org, rival_org)]
    silent, _ = await subscribe(context, org, f"{receiver.base}/silent")
    async with at_work(context) as pool, run_beside(context, pool) as prober:
        testing = asyncio.create_task(prober.send_test(org, tested))
        await receiver.holds(1)
        await happen(context, rival_org)
        await receiver.holds(2)
        await happen(context, org)
        with pytest.raises(Retryable) as caught:
            await prober.send_test(rival_org, delivered_to)
        assert caught.value.code == "too_many_tests"
        with pytest.raises(Retryable):
            await prober.send_test(org, silent)
        assert len(receiver.received) == 2
        testing.cancel()
        # Its place is that of a delivery that waited for it, without anything else happening.

        async def is_delivered() -> bool:
            return len(receiver.received) == 3

        await until(is_delivered, 10)
        gate.opened.set()


async def test_receivers_of_one_organization_are_judged_twenty_times_a_minute(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    context.clock = RealClock()
    for _ in range(20):
        await prober.check_conformance(org, endpoint)
    count = len(receiver.received)
    with pytest.raises(Retryable) as caught:
        await prober.check_conformance(org, endpoint)
    assert (caught.value.code, len(receiver.received)) == ("too_many_tests", count)
    assert "20 times within a minute" in caught.value.message
    assert (await prober.send_test(org, endpoint))[0].state is DeliveryState.DELIVERED


async def test_an_endpoint_that_is_removed_meanwhile_answers_its_tenant_and_leaves_nothing_behind(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    gate = Gate()
    receiver.answer = gate
    testing = asyncio.create_task(prober.send_test(org, endpoint))
    await receiver.holds(1)
    await endpoints.remove(context, org, endpoint)
    gate.opened.set()
    delivery, _ = await testing
    assert delivery.state is DeliveryState.DELIVERED
    assert await states(context) == []


async def test_another_organizations_endpoint_is_not_found_and_nothing_is_sent(
    context: Context, org: str, rival_org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    for _ in range(3):
        with pytest.raises(NotFound):
            await prober.send_test(rival_org, endpoint)
    assert receiver.received == []


async def test_a_caller_that_goes_away_while_the_receiver_thinks_leaves_its_place_to_others(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = never
    for number in range(3):
        testing = [asyncio.create_task(prober.send_test(org, endpoint)) for _ in range(2)]
        await receiver.gets(2 * number + 2)
        for task in testing:
            task.cancel()
        await asyncio.wait(testing)
        assert all(task.cancelled() for task in testing)
    receiver.answer = ok
    delivery, _ = await prober.send_test(org, endpoint)
    assert delivery.state is DeliveryState.DELIVERED


async def test_what_was_sent_for_a_caller_that_went_away_is_stored_all_the_same(
    context: Context,
    database: UnreliableDatabase,
    org: str,
    endpoint: str,
    receiver: Receiver,
    prober: EndpointTestRunner,
) -> None:
    storing, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        if receiver.received:
            storing.set()
            await go_on.wait()

    database.before_write = hold
    testing = asyncio.create_task(prober.send_test(org, endpoint))
    await storing.wait()
    testing.cancel()
    go_on.set()
    await asyncio.wait([testing])
    assert testing.cancelled()
    assert await states(context) == [("delivered", 1)]


async def test_tests_at_once_get_events_of_their_own(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    await asyncio.gather(prober.send_test(org, endpoint), prober.send_test(org, endpoint))

    async def both() -> bool:
        return len(receiver.received) == 2

    await until(both)
    assert len(set(receiver.ids())) == 2
    assert len({json.loads(request.body)["sequence"] for request in receiver.received}) == 2
