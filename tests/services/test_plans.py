"""A clock that jumps ahead and comes back puts nothing off for years."""

from dcvd.core.domain import DomainStatus
from dcvd.core.instants import DAY, HOUR
from dcvd.core.webhooks import Attempt, AttemptOutcome
from dcvd.errors import Retryable
from dcvd.kit.clock import ManualClock
from dcvd.services import deliveries, domains, jobs, looks, organizations, plans, webhooks
from dcvd.services.context import Context
from dcvd.store import deliveries as stored_deliveries
from dcvd.store import domains as stored_domains
from tests.services.views import all_jobs

_YEARS = 3 * 365 * DAY


async def test_what_was_planned_by_a_clock_far_ahead_is_due_when_it_is_back(
    context: Context, clock: ManualClock
) -> None:
    org = (await organizations.create(context, "Acme")).id
    await webhooks.create(context, org, url="http://127.0.0.1:1/", events=["domain.added"])
    domain = await domains.add(context, org, "app.customer.test")
    began = clock.now()
    clock.advance(_YEARS)
    await looks.record(context, domain.id, [])
    (job,) = await all_jobs(context, org)
    await jobs.fail(context, job, Retryable("It hiccuped.", code="odd"))
    (due,) = await context.database.read(lambda snapshot: stored_deliveries.due(snapshot, clock.now(), 10, ()))
    await deliveries.record_attempt(context, _failed(due.id))
    clock.set(began + HOUR)
    await plans.repair(context)
    assert (await domains.get(context, org, domain.id)).next_sync_at == clock.now()
    assert (await all_jobs(context, org))[0].next_attempt_at == clock.now()
    found = await context.database.read(lambda snapshot: stored_deliveries.due(snapshot, clock.now(), 10, ()))
    assert [delivery.id for delivery in found] == [due.id]


async def test_every_plan_that_the_rules_make_is_left_alone(context: Context, clock: ManualClock) -> None:
    context.fraction = lambda: 0.999
    org = (await organizations.create(context, "Acme")).id
    await webhooks.create(context, org, url="http://127.0.0.1:1/", events=["domain.added"])
    domain = await domains.add(context, org, "app.customer.test")
    await looks.record(context, domain.id, [])
    await context.database.write(lambda tx: stored_domains.set_next_look(tx, domain.id, clock.now() + DAY * 6 // 5))
    (job,) = await all_jobs(context, org)
    await jobs.fail(context, job, Retryable("Later.", code="odd", retry_after=10**9))
    (due,) = await context.database.read(lambda snapshot: stored_deliveries.due(snapshot, clock.now(), 10, ()))
    for number in range(1, 11):
        await deliveries.record_attempt(context, _failed(due.id, number))
    before = await _plans(context, org)
    assert all(plan is not None and plan > clock.now() for plan in before)
    await plans.repair(context)
    assert await _plans(context, org) == before
    assert (await domains.get(context, org, domain.id)).status is DomainStatus.PENDING_CNAME


async def _plans(context: Context, org: str) -> list[int | None]:
    (domain,) = (await domains.list_page(context, org, status=None, search=None, cursor=None, limit=2)).items
    next_delivery = await context.database.read(lambda snapshot: stored_deliveries.next_due_at(snapshot, context.now()))
    return [domain.next_sync_at, (await all_jobs(context, org))[0].next_attempt_at, next_delivery]


def _failed(delivery_id: str, number: int = 1) -> Attempt:
    return Attempt(
        delivery_id=delivery_id, number=number, started_at=0, duration_ms=1, outcome=AttemptOutcome.TIMEOUT,
        status_code=None, error="x", response=b"", remote_ip=None, retry_after=None,
    )  # fmt: skip
