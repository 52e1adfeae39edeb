"""A later event of a domain that is under way, while an earlier one waits or is put before it."""

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.webhooks.deliveries import AttemptConsequence, DeliveryState, DueDelivery, NextAttemptReason
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.services.context import Context
from dcvd.services.webhooks import replays
from dcvd.services.webhooks.deliveries import drop_expired, record_attempts
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import (
    bury,
    deliver_all,
    delivered,
    due,
    failed,
    happen,
    owed,
    subscribed,
)
from tests.services.webhooks.replaying import asked_for, worked_off

_ACTIVE, _RENEWED = EventType.DOMAIN_ACTIVE, EventType.DOMAIN_RENEWED


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, _ACTIVE, _RENEWED)


class Overtaken:
    """An earlier event of a domain that waits out a failure, while a later one is still under way."""

    def __init__(self, context: Context, endpoint: Endpoint, earlier: str, later: DueDelivery) -> None:
        self.context = context
        self.endpoint = endpoint
        self.earlier = earlier
        self.later = later
        self.due_at = context.now() + 5 * SECOND

    async def check(self, later: int | None) -> None:
        """The earlier is due when it was, the later at an instant or not for now."""
        plans = {one.id: one.next_attempt_at for one in await owed(self.context, self.endpoint)}
        assert plans == {self.earlier: self.due_at, self.later.id: later}


@pytest.fixture
async def overtaken(context: Context, endpoint: Endpoint, clock: ManualClock) -> Overtaken:
    await happen(context, endpoint.org_id)
    await bury(context, endpoint)
    await happen(context, endpoint.org_id, expires_at=context.now() + HOUR)
    (later,) = await due(context, endpoint)
    (letter, _) = await owed(context, endpoint)
    await replays.retry(context, endpoint.org_id, letter.id)
    (earlier,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, earlier)])
    made = Overtaken(context, endpoint, earlier.id, later)
    clock.advance(SECOND)
    await made.check(None)
    return made


@pytest.mark.parametrize("status", [200, 410, 500])
async def test_a_later_event_that_ends_does_not_bring_the_earlier_ones_next_attempt_forward(
    context: Context, endpoint: Endpoint, overtaken: Overtaken, status: int
) -> None:
    later = overtaken.later
    made = delivered(endpoint, later) if status == 200 else failed(endpoint, later, status)
    await record_attempts(context, [made])
    await overtaken.check(None)


async def test_neither_does_one_that_expires_or_is_given_up(
    context: Context, endpoint: Endpoint, overtaken: Overtaken
) -> None:
    last = len(context.config.webhooks.retry_schedule) - 1
    await record_attempts(context, [failed(endpoint, replace(overtaken.later, attempts=last))])
    await overtaken.check(None)
    await replays.retry(context, endpoint.org_id, overtaken.later.id)
    await overtaken.check(None)
    await drop_expired(context, [overtaken.later])
    await overtaken.check(None)


@pytest.mark.parametrize("status", [ReplayStatus.ALL, ReplayStatus.DEAD])
async def test_neither_does_a_replay_of_the_later_one(
    context: Context, endpoint: Endpoint, overtaken: Overtaken, status: ReplayStatus
) -> None:
    last = len(context.config.webhooks.retry_schedule) - 1
    ended = replace(overtaken.later, attempts=last)
    made = delivered(endpoint, ended) if status is ReplayStatus.ALL else failed(endpoint, ended)
    await record_attempts(context, [made])
    total, job = await asked_for(context, endpoint, status)
    await worked_off(context, job)
    assert total == 1
    await overtaken.check(None)


async def test_a_later_event_under_way_waits_once_an_earlier_one_was_put_before_it(
    context: Context, endpoint: Endpoint
) -> None:
    (first,) = await happen(context, endpoint.org_id)
    await bury(context, endpoint)
    (second,) = await happen(context, endpoint.org_id)
    (under_way,) = await due(context, endpoint)
    (letter, _) = await owed(context, endpoint)
    await replays.retry(context, endpoint.org_id, letter.id)
    (consequence,) = await record_attempts(context, [failed(endpoint, under_way)])
    assert consequence == AttemptConsequence(reason=NextAttemptReason.SCHEDULE)
    assert consequence.state is DeliveryState.PENDING
    assert [one.next_attempt_at is None for one in await owed(context, endpoint)] == [False, True]
    assert await deliver_all(context, endpoint) == [first.id, second.id]
