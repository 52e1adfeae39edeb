"""Endpoints that are disabled, by themselves or by their tenant: what they are owed is held."""

import json

import pytest

from dcvd.core.instants import DAY, HOUR
from dcvd.core.webhooks.health import DisabledReason, HealthState
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from tests.delivery.conftest import configure, subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.receivers import Gate, Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, delivered, health_of, states
from tests.manual_clock import ManualClock


@pytest.mark.usefixtures("pool")
async def test_gone_disables_the_endpoint_and_holds_what_waits_until_it_is_enabled(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    other, _ = await subscribe(context, org, f"{receiver.base}/other", events=("domain.added", "endpoint.disabled"))
    gate = Gate(saying(410))
    receiver.answers["/hooks"] = in_turn(gate, ok)
    await happen(context, org, domain_id="dom_1")
    await gate.reached.wait()
    await happen(context, org, domain_id="dom_1")
    gate.opened.set()
    await delivered(context, 3, other)
    health = await health_of(context, endpoint)
    assert (health.state, health.reason) == (HealthState.DISABLED, DisabledReason.GONE)
    await happen(context, org, 3)
    await delivered(context, 6, other)
    assert receiver.by_path["/hooks"] == 1
    assert await states(context, endpoint) == [("dead", 1)] + [("pending", 0)] * 4
    told = [json.loads(request.body) for request in receiver.received if request.path == "/other"]
    (event,) = [body for body in told if body["event"] == "endpoint.disabled"]
    assert (event["data"]["endpoint_id"], event["data"]["reason"]) == (endpoint, "gone")

    await endpoints.change(context, org, endpoint, EndpointChange(enabled=True))
    await delivered(context, 4, endpoint)
    assert (await health_of(context, endpoint)).state is HealthState.HEALTHY


@pytest.mark.usefixtures("pool")
async def test_nothing_begins_after_the_answer_to_disable_not_even_what_was_read_ahead(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, endpoint_concurrency=2)
    gate = Gate()
    receiver.answer = gate
    await happen(context, org, 40)
    await receiver.holds(2)
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    begun = len(receiver.received)
    gate.opened.set()
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    await happen(context, org, 3)
    await delivered(context, 3, other)
    assert receiver.by_path["/hooks"] == begun == 2
    assert (await states(context, endpoint)).count(("pending", 0)) == 41
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=True))
    await delivered(context, 43, endpoint)
    assert len(set(receiver.ids())) == len(receiver.ids()) == 43


@pytest.mark.usefixtures("pool")
async def test_what_was_held_and_is_not_wanted_is_not_sent_but_what_comes_later_is(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    await happen(context, org, 3, domain_id="dom_1")
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=True, replay=HeldDeliveries.NONE))
    await happen(context, org, domain_id="dom_1")
    await delivered(context, 1)
    assert await states(context) == [("dropped", 0)] * 3 + [("delivered", 1)]
    assert len(receiver.received) == 1


@pytest.mark.usefixtures("pool")
async def test_a_long_backlog_that_is_not_wanted_is_dropped_in_batches(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    await backlog(context, org, endpoint, 1200)
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=True, replay=HeldDeliveries.NONE))
    await happen(context, org)
    await delivered(context, 1)
    assert (await states(context)).count(("dropped", 0)) == 1200
    assert len(receiver.received) == 1


@pytest.mark.usefixtures("pool")
async def test_an_answer_that_comes_after_disabling_changes_the_delivery_and_not_the_health(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate(in_turn(ok, saying(500)))
    receiver.answer = gate
    await happen(context, org, 2)
    await receiver.holds(2)
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    gate.opened.set()
    await attempted(context, 2)
    assert sorted(await states(context)) == [("delivered", 1), ("pending", 1)]
    health = await health_of(context, endpoint)
    assert (health.reason, health.failures) == (DisabledReason.MANUAL, 0)


@pytest.mark.usefixtures("pool")
async def test_five_failures_over_five_minutes_are_told_once_to_the_others_and_a_success_too(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, *[60_000] * 9))
    other, _ = await subscribe(
        context, org, f"{receiver.base}/other", events=("endpoint.failing", "endpoint.recovered", "endpoint.disabled")
    )
    receiver.answers["/hooks"] = in_turn(*[saying(500)] * 7, ok)
    await happen(context, org)
    for number in range(1, 6):
        await attempted(context, number)
        clock.advance(60_000)
    # Five failures so far, but within four minutes.
    assert (await health_of(context, endpoint)).state is HealthState.HEALTHY
    await delivered(context, 1, other)
    clock.advance(60_000)
    # The seventh of this endpoint, and the one that told the other.
    await attempted(context, 8)
    clock.advance(60_000)
    await delivered(context, 2, other)
    told = [json.loads(request.body) for request in receiver.received if request.path == "/other"]
    assert [body["event"] for body in told] == ["endpoint.failing", "endpoint.recovered"]
    assert told[0]["data"]["status_code"] == 500
    assert await states(context, endpoint) == [("delivered", 8)]


@pytest.mark.usefixtures("pool")
async def test_five_days_without_a_success_and_ten_attempts_disable_it_and_hold_the_rest(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, *[12 * HOUR] * 20))
    receiver.answer = saying(500)
    await happen(context, org)
    for number in range(1, 11):
        await attempted(context, number)
        assert (await health_of(context, endpoint)).is_enabled
        clock.advance(12 * HOUR)
    await attempted(context, 11)
    health = await health_of(context, endpoint)
    assert (health.reason, health.failures) == (DisabledReason.EXHAUSTED, 11)
    clock.advance(30 * DAY)
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    receiver.answers["/other"] = ok
    await happen(context, org)
    await delivered(context, 1, other)
    assert receiver.by_path["/hooks"] == 11
    assert await states(context, endpoint) == [("pending", 11), ("pending", 0)]
