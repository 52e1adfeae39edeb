"""What attempts say of an endpoint, and who is told."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.events import OPERATIONAL_TYPES, EventType
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import DAY, MINUTE, to_rfc3339
from dcvd.core.webhooks.deliveries import AttemptOutcome, FinishedAttempt
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import DisabledReason, HealthState
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoint_health import apply_time_to_all
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import bodies, event_names
from tests.services.webhooks.attempts import attempt, delivered, due, endpoint_now, failed, happen, states, subscribed


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, *TENANT_TYPES)


@pytest.fixture
async def witness(context: Context, organization: Organization) -> Endpoint:
    """The organization's other endpoint, told only of what is about deliveries."""
    return await subscribed(context, organization.id, *OPERATIONAL_TYPES)


async def _fail(context: Context, endpoint: Endpoint, times: int, **facts: Any) -> None:
    """Attempts of deliveries of their own fail, all in one transaction."""
    await happen(context, endpoint.org_id, *[EventType.JOB_FAILED] * times, domain=None)
    fresh = [one for one in await due(context, endpoint) if one.event_type is EventType.JOB_FAILED]
    await record_attempts(context, [failed(endpoint, one, **facts) for one in fresh[-times:]])


async def _told(context: Context, endpoint: Endpoint) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in await due(context, endpoint)]


async def test_an_endpoint_is_failing_after_five_attempts_over_five_minutes_and_it_is_told_once(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    began = clock.now()
    await _fail(context, endpoint, 4)
    clock.advance(5 * MINUTE - 1)
    await _fail(context, endpoint, 4)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.HEALTHY
    clock.advance(1)
    await _fail(context, endpoint, 3, status=503)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
    (told,) = await _told(context, witness)
    assert told["event"] == "endpoint.failing"
    assert told["data"] == {
        "endpoint_id": endpoint.id,
        "endpoint_name": None,
        "url": endpoint.url,
        "failed_attempts": 9,
        "failing_since": to_rfc3339(began),
        "error": "It answered 503.",
        "status_code": 503,
        "refused": None,
    }
    assert "endpoint.failing" not in [body["event"] for body in await _told(context, endpoint)]


async def test_an_endpoint_whose_next_attempt_is_far_is_failing_all_the_same_and_it_is_told_once(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    began = clock.now()
    await _fail(context, endpoint, 8, status=502)
    clock.advance(5 * MINUTE - 1)
    assert await apply_time_to_all(context) == 0
    clock.advance(1)
    assert await apply_time_to_all(context) == 1
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
    (told,) = await _told(context, witness)
    assert told["event"] == "endpoint.failing"
    assert told["data"] == {
        "endpoint_id": endpoint.id,
        "endpoint_name": None,
        "url": endpoint.url,
        "failed_attempts": 8,
        "failing_since": to_rfc3339(began),
        "error": "It answered 502.",
        "status_code": 502,
        "refused": None,
    }
    assert await apply_time_to_all(context) == 0
    assert "endpoint.failing" not in [body["event"] for body in await _told(context, endpoint)]


async def test_more_endpoints_than_a_batch_become_failing_in_one_round(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    await quotas.set_quotas(context, organization.id, {"endpoints": 300})
    many = [await subscribed(context, organization.id, EventType.JOB_FAILED) for _ in range(130)]
    await happen(context, organization.id, *[EventType.JOB_FAILED] * 5, domain=None)
    for each in many:
        await record_attempts(context, [failed(each, one) for one in await due(context, each)])
    clock.advance(5 * MINUTE)
    assert await apply_time_to_all(context) == 130
    assert {(await endpoint_now(context, each)).health.state for each in many} == {HealthState.FAILING}


async def test_a_burst_alone_is_not_failing_and_neither_are_few_attempts_over_days(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await _fail(context, endpoint, 50)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.HEALTHY
    (one, *_) = await due(context, endpoint) or await _again(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])
    for _ in range(4):
        clock.advance(2 * DAY)
        await _fail(context, endpoint, 1)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.HEALTHY


async def _again(context: Context, endpoint: Endpoint) -> list[Any]:
    await happen(context, endpoint.org_id, domain=None)
    return await due(context, endpoint)


async def test_a_success_heals_and_is_told_of_one_that_was_failing(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await _fail(context, endpoint, 4)
    clock.advance(5 * MINUTE)
    await _fail(context, endpoint, 1)
    (one, *_) = await _again(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.failures, health.failing_since) == (HealthState.HEALTHY, 0, None)
    assert [body["event"] for body in await _told(context, witness)] == ["endpoint.failing", "endpoint.recovered"]


async def test_410_disables_and_is_told_with_its_reason(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    await _fail(context, endpoint, 1, status=410)
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.reason) == (HealthState.DISABLED, DisabledReason.GONE)
    letter, disabled = sorted(await _told(context, witness), key=lambda body: body["sequence"])
    assert letter["event"] == "delivery.dlq"
    assert letter["data"]["error"] == "It answered 410."
    assert (disabled["event"], disabled["data"]["reason"]) == ("endpoint.disabled", "gone")


async def test_five_days_without_one_success_exhaust_an_endpoint(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await _fail(context, endpoint, 9)
    clock.advance(5 * DAY - 1)
    await _fail(context, endpoint, 9)
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
    clock.advance(1)
    await _fail(context, endpoint, 1)
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.reason) == (HealthState.DISABLED, DisabledReason.EXHAUSTED)
    assert [body["event"] for body in await _told(context, witness)] == ["endpoint.failing", "endpoint.disabled"]
    # What was still under way when it was disabled does not enable it.
    (one, *_) = await _again(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])
    assert (await endpoint_now(context, endpoint)).health == health


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": AttemptOutcome.INTERNAL},
        {"outcome": AttemptOutcome.CONNECT, "reason": FailureReason.NETWORK_UNREACHABLE},
        {"outcome": AttemptOutcome.DNS, "reason": FailureReason.NAME_SERVER_FAILED},
    ],
)
async def test_no_endpoint_is_blamed_for_what_may_be_our_own_fault(
    context: Context, endpoint: Endpoint, clock: ManualClock, facts: dict[str, Any]
) -> None:
    for _ in range(12):
        (one, *_) = await _again(context, endpoint)
        made = attempt(one, error="Nobody there.", **facts)
        finished = FinishedAttempt(due_delivery=one, org_id=endpoint.org_id, endpoint_id=endpoint.id, attempt=made)
        await record_attempts(context, [finished])
        clock.advance(DAY)
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.failures) == (HealthState.HEALTHY, 0)


async def test_answers_that_ask_for_a_pause_pause_the_endpoint_and_a_success_ends_it(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    waits = []
    for _ in range(3):
        (one, *_) = await _again(context, endpoint)
        await record_attempts(context, [failed(endpoint, one, 429, at=clock.now())])
        until = (await endpoint_now(context, endpoint)).health.paused_until
        assert until is not None
        waits.append(until - clock.now())
        clock.set(until)
    assert waits == [500, 1000, 2000]
    (one, *_) = await _again(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 503, at=clock.now(), retry_after_ms=90_000)])
    assert (await endpoint_now(context, endpoint)).health.paused_until == clock.now() + 90_000
    await record_attempts(context, [delivered(endpoint, replace(one, attempts=1))])
    assert (await endpoint_now(context, endpoint)).health.paused_until is None


async def test_a_dead_letter_is_told_to_the_others_and_its_fate_to_nobody(
    context: Context, endpoint: Endpoint, witness: Endpoint
) -> None:
    last = len(context.config.webhooks.retry_schedule) - 1
    (event,) = await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, replace(one, attempts=last))])
    (told,) = await due(context, witness)
    assert json.loads(told.body)["data"] == {
        "delivery_id": one.id,
        "endpoint_id": endpoint.id,
        "event_id": event.id,
        "event_type": "domain.active",
        "domain_id": "dom_a",
        "attempts": last + 1,
        "error": "It answered 500.",
    }
    await record_attempts(context, [failed(witness, replace(told, attempts=last))])
    assert await states(context, witness) == ["dead"]
    assert await states(context, endpoint) == ["dead"]
    assert await event_names(context, endpoint.org_id) == ["domain.active", "delivery.dlq"]


async def test_two_endpoints_that_both_fail_do_not_tell_each_other_so_without_end(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    pair = [await subscribed(context, organization.id, *TENANT_TYPES) for _ in range(2)]
    for _ in range(3):
        await happen(context, organization.id, domain=None)
    for _ in range(60):
        for endpoint in pair:
            if (await endpoint_now(context, endpoint)).health.is_enabled:
                made = [failed(endpoint, one) for one in await due(context, endpoint)]
                if made:
                    await record_attempts(context, made)
        clock.advance(12 * 60 * MINUTE)
    happened = [body["event"] for body in await bodies(context, organization.id)]
    assert happened.count("endpoint.failing") == 2
    assert happened.count("endpoint.disabled") <= 2
    assert happened.count("delivery.dlq") <= 6
    assert len(happened) <= 13


async def test_the_name_of_an_endpoint_is_in_each_event_about_it(
    context: Context, endpoint: Endpoint, witness: Endpoint, clock: ManualClock
) -> None:
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(name=" Billing → gold "))
    await _fail(context, endpoint, 5)
    clock.advance(5 * MINUTE)
    await apply_time_to_all(context)
    await happen(context, endpoint.org_id, EventType.JOB_FAILED, domain=None)
    await record_attempts(context, [delivered(endpoint, (await due(context, endpoint))[-1])])
    await _fail(context, endpoint, 1, status=410)
    told = [body for body in await _told(context, witness) if body["event"] != "delivery.dlq"]
    assert [body["event"] for body in told] == ["endpoint.failing", "endpoint.recovered", "endpoint.disabled"]
    assert {body["data"]["endpoint_name"] for body in told} == {"Billing → gold"}
