"""A cancelled delivery is not sent, lets the next of its domain go, and can be sent after all."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.webhooks.deliveries import AttemptConsequence, DeliveryState, DeliveryStatus, NextAttemptReason
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import Conflict, NotFound
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints, replays
from dcvd.services.webhooks.cancellations import cancel
from dcvd.services.webhooks.deliveries import drop_expired, record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import (
    bury,
    deliver_all,
    delivered,
    delivery,
    due,
    failed,
    happen,
    owed,
    states,
    subscribed,
)


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id)


async def test_the_next_of_its_domain_is_due_at_once_and_no_other_changes(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, *[EventType.DOMAIN_ACTIVE] * 3)
    (poison,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, poison, 400)])
    clock.advance(1)
    summary = await cancel(context, endpoint.org_id, poison.id)
    assert (summary.status, summary.next_attempt_at) == (DeliveryStatus.CANCELLED, None)
    first, second, third = await owed(context, endpoint)
    assert (first.state, first.next_attempt_at, first.attempts) == (DeliveryState.CANCELLED, None, 1)
    assert first.last_error == "It answered 400."
    assert first.updated_at == clock.now()
    assert (second.state, second.next_attempt_at) == (DeliveryState.PENDING, clock.now())
    assert (third.state, third.next_attempt_at) == (DeliveryState.PENDING, None)


async def test_one_that_waits_is_cancelled_without_letting_anything_overtake(
    context: Context, endpoint: Endpoint
) -> None:
    events = await happen(context, endpoint.org_id, *[EventType.DOMAIN_ACTIVE] * 3)
    _, second, _ = await owed(context, endpoint)
    await cancel(context, endpoint.org_id, second.id)
    assert [one.next_attempt_at is not None for one in await owed(context, endpoint)] == [True, False, False]
    assert await deliver_all(context, endpoint) == [events[0].id, events[2].id]
    assert await states(context, endpoint) == ["delivered", "cancelled", "delivered"]


async def test_what_is_held_is_cancelled_too_and_not_sent_when_the_endpoint_is_enabled(
    context: Context, endpoint: Endpoint
) -> None:
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))
    await happen(context, endpoint.org_id)
    (held,) = await owed(context, endpoint)
    await cancel(context, endpoint.org_id, held.id)
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=True))
    assert await deliver_all(context, endpoint) == []


@pytest.mark.parametrize("ending", ["delivered", "dead", "dropped", "cancelled"])
async def test_what_has_ended_is_not_cancelled_and_the_refusal_says_how_it_ended(
    context: Context, endpoint: Endpoint, ending: str
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    match ending:
        case "delivered":
            await record_attempts(context, [delivered(endpoint, one)])
        case "dead":
            await bury(context, endpoint)
        case "dropped":
            await drop_expired(context, [one])
        case _:
            await cancel(context, endpoint.org_id, one.id)
    with pytest.raises(Conflict, match=ending) as caught:
        await cancel(context, endpoint.org_id, one.id)
    assert caught.value.code == "delivery_ended"
    assert await states(context, endpoint) == [ending]


async def test_another_organization_s_delivery_does_not_exist(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    with pytest.raises(NotFound):
        await cancel(context, "org_other", one.id)
    assert await states(context, endpoint) == ["pending"]


@pytest.mark.parametrize("status", [200, 500, 410])
async def test_an_attempt_under_way_ends_it_only_by_delivering(
    context: Context, endpoint: Endpoint, status: int
) -> None:
    await happen(context, endpoint.org_id, *[EventType.DOMAIN_ACTIVE] * 2)
    (under_way,) = await due(context, endpoint)
    await cancel(context, endpoint.org_id, under_way.id)
    made = delivered(endpoint, under_way) if status == 200 else failed(endpoint, under_way, status)
    (consequence,) = await record_attempts(context, [made])
    stored = await delivery(context, endpoint, under_way.id)
    assert (stored.attempts, stored.next_attempt_at) == (1, None)
    (recorded,) = (await delivery_history.get(context, endpoint.org_id, under_way.id)).attempts
    assert recorded.consequence == consequence
    if status == 200:
        assert stored.state is DeliveryState.DELIVERED
    else:
        assert stored.state is DeliveryState.CANCELLED
        assert consequence == AttemptConsequence(reason=NextAttemptReason.CANCELLED)
        assert consequence.state is DeliveryState.CANCELLED


async def test_a_retry_sends_it_after_all_and_before_what_came_after_it(context: Context, endpoint: Endpoint) -> None:
    events = await happen(context, endpoint.org_id, *[EventType.DOMAIN_ACTIVE] * 2)
    (first,) = await due(context, endpoint)
    await cancel(context, endpoint.org_id, first.id)
    await replays.retry(context, endpoint.org_id, first.id)
    assert await deliver_all(context, endpoint) == [event.id for event in events]


@pytest.mark.parametrize(
    ("status", "count"), [(ReplayStatus.ALL, 1), (ReplayStatus.DEAD, 0), (ReplayStatus.MISSING, 0)]
)
async def test_only_a_replay_of_all_sends_it_again(
    context: Context, endpoint: Endpoint, status: ReplayStatus, count: int
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await cancel(context, endpoint.org_id, one.id)
    replay = await replays.prepare_replay(context, endpoint.org_id, endpoint.id, status=status)
    assert replay.total == (1 if status is ReplayStatus.ALL else 0)
