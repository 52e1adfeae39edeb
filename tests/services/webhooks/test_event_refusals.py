"""A type of event that is refused for good is told once, and harms no endpoint that takes other types."""

import json
from typing import Any

import pytest

from dcvd.core.events import OPERATIONAL_TYPES, EventType
from dcvd.core.instants import DAY, HOUR, MINUTE, to_rfc3339
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import HealthState
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, event_refusals
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import delivered, due, endpoint_now, failed, happen, subscribed

POISON = EventType.DOMAIN_ERROR
FINE = EventType.DOMAIN_ACTIVE
BODY = b'{"error":"status \\"error\\" is not in the schema"}'


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, *TENANT_TYPES)


@pytest.fixture
async def witness(context: Context, organization: Organization) -> Endpoint:
    """The organization's other endpoint, told only of what is about deliveries."""
    return await subscribed(context, organization.id, *OPERATIONAL_TYPES)


async def _refuse(
    context: Context, endpoint: Endpoint, times: int, kind: EventType = POISON, status: int = 400, body: bytes = BODY
) -> list[str]:
    """Deliveries of their own are refused, each in a transaction of its own; their ids."""
    ids = []
    for _ in range(times):
        (event,) = await happen(context, endpoint.org_id, kind, domain=None)
        one = next(each for each in await due(context, endpoint) if each.event_id == event.id)
        await record_attempts(context, [failed(endpoint, one, status, response_body=body)])
        ids.append(one.id)
    return ids


async def _take(context: Context, endpoint: Endpoint, kind: EventType = FINE, at: int = 0) -> None:
    (event,) = await happen(context, endpoint.org_id, kind, domain=None)
    one = next(each for each in await due(context, endpoint) if each.event_id == event.id)
    await record_attempts(context, [delivered(endpoint, one, at=at)])


async def _told(context: Context, endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        body["data"]
        for one in await due(context, endpoint)
        if (body := json.loads(one.body))["event"] == "endpoint.failing"
    ]


async def test_the_third_same_refusal_is_told_with_what_was_answered_and_the_way_out(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    began = clock.now()
    await _refuse(context, endpoint, 2)
    assert await _told(context, witness) == []
    clock.advance(MINUTE)
    (last,) = await _refuse(context, endpoint, 1)
    assert await _told(context, witness) == [
        {
            "endpoint_id": endpoint.id,
            "endpoint_name": None,
            "url": endpoint.url,
            "failed_attempts": 3,
            "failing_since": to_rfc3339(began),
            "error": "It answered 400.",
            "status_code": 400,
            "refused": {
                "event_type": "domain.error",
                "status_code": 400,
                "attempts": 3,
                "since": to_rfc3339(began),
                "answer": BODY.decode(),
                "delivery_id": last,
                "fix": "Let the receiver take domain.error, or take it out of the webhook's events; "
                f"POST /api/deliveries/{last}/cancel gives up what it refuses.",
            },
        }
    ]
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.HEALTHY
    assert await _told(context, endpoint) == []


async def test_three_attempts_of_one_delivery_are_enough(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, POISON)
    for _ in range(3):
        (one,) = await due(context, endpoint)
        await record_attempts(context, [failed(endpoint, one, 422, response_body=BODY)])
        clock.advance(MINUTE)
    (told,) = await _told(context, witness)
    assert (told["refused"]["status_code"], told["refused"]["attempts"]) == (422, 3)


async def test_it_is_told_once_until_the_type_is_delivered_whatever_the_answer_becomes(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    await _refuse(context, endpoint, 6)
    await _refuse(context, endpoint, 6, body=b"other words")
    assert len(await _told(context, witness)) == 1
    await _take(context, endpoint, FINE)
    await _refuse(context, endpoint, 3)
    assert len(await _told(context, witness)) == 1
    await _take(context, endpoint, POISON)
    assert await event_refusals.list_lasting(context, endpoint.id) == []
    await _refuse(context, endpoint, 2)
    assert len(await _told(context, witness)) == 1
    await _refuse(context, endpoint, 1)
    assert len(await _told(context, witness)) == 2


async def test_each_type_and_each_endpoint_is_told_by_itself(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    other = await subscribed(context, endpoint.org_id)
    for _ in range(3):
        await _refuse(context, endpoint, 1)
        await _refuse(context, endpoint, 1, EventType.DOMAIN_RENEWED)
        await _refuse(context, other, 1)
    told = [(data["endpoint_id"], data["refused"]["event_type"]) for data in await _told(context, witness)]
    assert sorted(told) == sorted(
        [(endpoint.id, "domain.error"), (endpoint.id, "domain.renewed"), (other.id, "domain.error")]
    )


async def test_answers_that_differ_by_domain_and_come_in_turns_are_counted_each(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    for _ in range(2):
        for name in (b"a", b"b", b"c"):
            await _refuse(context, endpoint, 1, body=b"unknown name " + name)
    assert await _told(context, witness) == []
    await _refuse(context, endpoint, 1, body=b"unknown name a")
    assert len(await _told(context, witness)) == 1


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_other_failures_are_about_the_endpoint_and_not_the_type(
    context: Context, endpoint: Endpoint, witness: Endpoint, status: int
) -> None:
    await _refuse(context, endpoint, 4, status=status)
    assert await _told(context, witness) == []
    assert await event_refusals.list_lasting(context, endpoint.id) == []


async def test_an_endpoint_that_takes_other_types_meanwhile_stays_healthy_and_enabled(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await _refuse(context, endpoint, 3)
    clock.advance(10 * MINUTE)
    await _take(context, endpoint, at=clock.now())
    for _ in range(40):
        clock.advance(3 * HOUR)
        await _refuse(context, endpoint, 1)
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.failures) == (HealthState.HEALTHY, 0)
    assert len(await _told(context, witness)) == 1


async def test_an_endpoint_that_takes_nothing_else_is_failing_as_before(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await _take(context, endpoint, at=clock.now())
    clock.advance(10 * MINUTE)
    for _ in range(6):
        await _refuse(context, endpoint, 1)
        clock.advance(2 * MINUTE)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
    # A success long ago says nothing either.
    await _take(context, endpoint, at=clock.now())
    clock.advance(8 * DAY)
    await _refuse(context, endpoint, 5)
    clock.advance(5 * MINUTE)
    await _refuse(context, endpoint, 1)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
    assert [data.get("refused") is not None for data in await _told(context, witness)] == [True, False, False]


async def test_a_failure_of_another_kind_counts_for_the_health_although_a_type_is_refused(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await _refuse(context, endpoint, 3)
    clock.advance(10 * MINUTE)
    await _take(context, endpoint, at=clock.now())
    await _refuse(context, endpoint, 1, status=500)
    await _refuse(context, endpoint, 1)
    assert (await endpoint_now(context, endpoint)).health.failures == 1


async def test_a_refused_delivery_becomes_a_dead_letter_that_is_told(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, POISON)
    for _ in context.config.webhooks.retry_schedule:
        (one,) = [each for each in await due(context, endpoint) if each.event_type is POISON]
        await record_attempts(context, [failed(endpoint, one, response_body=BODY, status=400)])
        await _take(context, endpoint, at=clock.now())
        clock.advance(2 * DAY)
    told = [json.loads(one.body)["event"] for one in await due(context, witness)]
    assert sorted(told) == ["delivery.dlq", "endpoint.failing"]


async def test_attempts_of_one_transaction_are_counted_in_their_order(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    await happen(context, endpoint.org_id, *[POISON] * 6, domain=None)
    ones = await due(context, endpoint)
    made = [failed(endpoint, one, 400, response_body=BODY) for one in ones]
    made[2] = delivered(endpoint, ones[2])
    await record_attempts(context, made[:5])
    assert await _told(context, witness) == []
    await record_attempts(context, made[5:])
    (told,) = await _told(context, witness)
    assert told["refused"]["attempts"] == 3
    await record_attempts(context, [delivered(endpoint, one) for one in ones[:1]])
    assert await event_refusals.list_lasting(context, endpoint.id) == []


async def test_what_is_not_subscribed_or_about_deliveries_is_told_to_nobody(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    await _refuse(context, endpoint, 3, EventType.DELIVERY_DLQ)
    assert await _told(context, witness) == []
    (refusal,) = await event_refusals.list_lasting(context, endpoint.id)
    assert refusal.event_type is EventType.DELIVERY_DLQ
    await happen(context, endpoint.org_id, *[POISON] * 3, domain=None)
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(events=[FINE]))
    poison = [one for one in await due(context, endpoint) if one.event_type is POISON]
    await record_attempts(context, [failed(endpoint, one, 400, response_body=BODY) for one in poison])
    assert await _told(context, witness) == []


async def test_two_endpoints_that_refuse_to_hear_of_each_other_do_not_tell_so_without_end(
    context: Context, organization: Organization
) -> None:
    pair = [await subscribed(context, organization.id, *TENANT_TYPES) for _ in range(2)]
    for _ in range(3):
        await happen(context, organization.id, POISON, domain=None)
    for _ in range(20):
        for one in pair:
            made = [failed(one, each, 400, response_body=BODY) for each in await due(context, one)]
            if made:
                await record_attempts(context, made)
    refusals = [json.loads(one.body) for each in pair for one in await due(context, each)]
    assert [body for body in refusals if body["data"].get("refused", {}).get("event_type") == "endpoint.failing"] == []


@pytest.mark.parametrize(
    ("change", "is_forgotten"),
    [
        (EndpointChange(url="http://127.0.0.1:1/new"), True),
        (EndpointChange(events=[FINE]), True),
        (EndpointChange(events=[FINE, POISON]), False),
        (EndpointChange(max_per_second=5), False),
        (EndpointChange(enabled=True), False),
    ],
)
async def test_another_receiver_and_a_type_that_is_not_wanted_any_more_start_anew(
    context: Context, endpoint: Endpoint, change: EndpointChange, is_forgotten: bool
) -> None:
    await _refuse(context, endpoint, 3)
    await endpoints.change(context, endpoint.org_id, endpoint.id, change)
    assert (await event_refusals.list_lasting(context, endpoint.id) == []) is is_forgotten


async def test_an_endpoint_that_is_enabled_again_starts_anew(context: Context, endpoint: Endpoint) -> None:
    await _refuse(context, endpoint, 3)
    for enabled in (False, True):
        await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=enabled))
    assert await event_refusals.list_lasting(context, endpoint.id) == []


async def test_an_endpoint_removed_meanwhile_is_no_fault(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id, *[POISON] * 3, domain=None)
    ones = await due(context, endpoint)
    await endpoints.remove(context, endpoint.org_id, endpoint.id)
    await record_attempts(context, [failed(endpoint, one, 400, response_body=BODY) for one in ones])
    assert await event_refusals.list_lasting(context, endpoint.id) == []
