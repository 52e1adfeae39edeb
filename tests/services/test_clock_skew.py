"""A clock that jumps ahead and comes back puts nothing off for years."""

from functools import partial

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.events import EventType
from dcvd.core.http.retry_after import MAX_RETRY_AFTER_MS
from dcvd.core.instants import DAY, HOUR
from dcvd.errors import Retryable
from dcvd.services import clock_skew, organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks
from dcvd.services.webhooks import deliveries
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.store import domains as stored_domains
from dcvd.store.engine.transactions import Topic
from dcvd.store.webhooks import deliveries as stored_deliveries
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs
from tests.services.webhooks.attempts import due, endpoint_now, failed, happen, owed, subscribed

_YEARS = 3 * 365 * DAY


async def test_what_was_planned_by_a_clock_far_ahead_is_due_when_it_is_back(
    context: Context, clock: ManualClock
) -> None:
    org = (await organizations.create(context, "Acme")).id
    endpoint = await subscribed(context, org)
    domain = await additions.add(context, org, "app.customer.test")
    began = clock.now()
    clock.advance(_YEARS)
    await checks.record(context, domain.id, [])
    (job,) = await all_jobs(context, org)
    await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    (one,) = await due(context, endpoint)
    await deliveries.record_attempts(context, [failed(endpoint, one, 503, retry_after_ms=HOUR)])
    clock.set(began + HOUR)
    await clock_skew.repair_clock_skew(context)
    assert (await queries.get(context, org, domain.id)).next_check_at == clock.now()
    assert (await all_jobs(context, org))[0].next_attempt_at == clock.now()
    assert [found.id for found in await due(context, endpoint)] == [one.id]
    assert (await endpoint_now(context, endpoint)).health.paused_until is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
async def test_what_is_owed_to_many_endpoints_is_pulled_in_page_by_page(
    context: Context, clock: ManualClock, count: int
) -> None:
    org = (await organizations.create(context, "Acme")).id
    began = clock.now()
    clock.advance(_YEARS)
    endpoints = [await subscribed(context, org) for _ in range(count)]
    await happen(context, org)
    for endpoint in endpoints:
        (one,) = await due(context, endpoint)
        await deliveries.record_attempts(context, [failed(endpoint, one)])
    clock.set(began)
    woken: list[str] = []
    context.database.subscribe(Topic.DELIVERIES, woken.append)
    now = clock.now()
    await context.database.write(
        partial(stored_deliveries.reschedule_beyond, choose_latest_at=lambda _: now + DAY, now=now, page_size=2)
    )
    assert [len(await due(context, endpoint)) for endpoint in endpoints] == [1] * count
    assert woken == [""], "all are to be looked through"


async def test_every_plan_that_the_rules_make_is_left_alone(context: Context, clock: ManualClock) -> None:
    context.random_fraction = lambda: 0.999
    org = (await organizations.create(context, "Acme")).id
    endpoint = await subscribed(context, org, EventType.DOMAIN_ADDED)
    domain = await additions.add(context, org, "app.customer.test")
    await checks.record(context, domain.id, [])
    await context.database.write(lambda tx: stored_domains.set_next_check(tx, domain.id, clock.now() + DAY * 6 // 5))
    (job,) = await all_jobs(context, org)
    await queue.fail(context, job, Retryable("Later.", code="odd", retry_after_s=10**9))
    (one,) = await due(context, endpoint)
    last = replace(one, attempts=len(context.config.webhooks.retry_schedule) - 2)
    await deliveries.record_attempts(context, [failed(endpoint, last, 503, retry_after_ms=MAX_RETRY_AFTER_MS)])
    before = await _plans(context, org)
    assert all(plan is not None and plan > clock.now() for plan in before)
    await clock_skew.repair_clock_skew(context)
    assert await _plans(context, org) == before
    assert (await queries.get(context, org, domain.id)).status is DomainStatus.PENDING_CNAME


async def _plans(context: Context, org: str) -> list[int | None]:
    (domain,) = (await queries.list_page(context, org, DomainQuery(), cursor=None, limit=2)).items
    (endpoint,) = (await webhooks.list_page(context, org, cursor=None, limit=2)).items
    (delivery,) = await owed(context, endpoint)
    return [
        domain.next_check_at,
        (await all_jobs(context, org))[0].next_attempt_at,
        delivery.next_attempt_at,
        endpoint.health.paused_until,
    ]
