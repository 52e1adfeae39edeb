"""After a step of the clock, either way, as long is left of each wait as before it."""

import pytest

from dcvd.core.clock_discipline import MAX_DOWNTIME_MS, ClockStep, RememberedTime
from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.errors import Retryable
from dcvd.services import clock_steps, organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks
from dcvd.services.webhooks import deliveries
from dcvd.services.zones import registry
from dcvd.store import domains as stored_domains
from dcvd.store import idempotency
from dcvd.store import zones as stored_zones
from dcvd.store.engine.transactions import Topic
from dcvd.store.idempotency import RememberedAnswer
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs
from tests.services.webhooks.attempts import due, endpoint_now, failed, owed, subscribed

BACK = [ClockStep(0, -30 * HOUR), ClockStep(0, -365 * DAY)]
FORWARD = [ClockStep(0, 30 * HOUR), ClockStep(0, 100 * DAY)]


class Plans:
    """A tenant for whom something of every kind is planned."""

    def __init__(self, context: Context, clock: ManualClock, org: str) -> None:
        self.context = context
        self.clock = clock
        self.org = org

    async def make(self) -> None:
        context = self.context
        self.endpoint = await subscribed(context, self.org, EventType.DOMAIN_ADDED)
        self.domain = await additions.add(context, self.org, "app.customer.test")
        await registry.add(context, self.org, "zone.test")
        await checks.record(context, self.domain.id, [])
        (job,) = await all_jobs(context, self.org)
        await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
        (one,) = await due(context, self.endpoint)
        await deliveries.record_attempts(context, [failed(self.endpoint, one, 503, retry_after_ms=HOUR)])

    async def waits(self) -> list[int]:
        """The milliseconds that are left of each wait."""
        (zone,) = await self.context.database.read(
            lambda snapshot: stored_zones.list_of_org(snapshot, self.org, before=None, limit=2)
        )
        (delivery,) = await owed(self.context, self.endpoint)
        (job,) = await all_jobs(self.context, self.org)
        instants = [
            (await queries.get(self.context, self.org, self.domain.id)).next_check_at,
            zone.next_check_at,
            delivery.next_attempt_at,
            job.next_attempt_at,
            (await endpoint_now(self.context, self.endpoint)).health.paused_until,
        ]
        return [(instant or 0) - self.clock.now() for instant in instants]

    async def step(self, relative: ClockStep) -> None:
        """Step the clock, and plan anew."""
        before_at = self.clock.now()
        self.clock.advance(relative.length_ms)
        await self.notice(before_at)

    async def notice(self, before_at: int) -> None:
        now = self.clock.now()
        await clock_steps.plan_anew(self.context, ClockStep(before_at, now), RememberedTime(seen_at=now))


@pytest.fixture
async def plans(context: Context, clock: ManualClock) -> Plans:
    found = Plans(context, clock, (await organizations.create(context, "Acme")).id)
    await found.make()
    return found


@pytest.mark.parametrize("step", [*BACK, *FORWARD])
async def test_as_long_is_left_of_each_wait(plans: Plans, step: ClockStep) -> None:
    waits = await plans.waits()
    woken: set[str] = set()
    for topic in (Topic.DOMAINS, Topic.ZONES, Topic.JOBS, Topic.DELIVERIES):
        plans.context.database.subscribe(topic, lambda _, topic=topic: woken.add(topic))  # type: ignore[misc]
    await plans.step(step)
    assert await plans.waits() == [wait if wait > 0 else wait - max(step.length_ms, 0) for wait in waits]
    assert woken >= {Topic.DOMAINS, Topic.JOBS, Topic.DELIVERIES}


async def test_what_was_overdue_before_a_step_back_is_due_at_once(plans: Plans, clock: ManualClock) -> None:
    clock.advance(DAY)
    await plans.step(ClockStep(0, -30 * HOUR))
    assert await plans.waits() == [0] * 5


async def test_what_was_planned_since_a_step_forward_is_left_alone(plans: Plans, clock: ManualClock) -> None:
    before_at = clock.now()
    clock.advance(DAY)
    planned_at = clock.now() + 5 * SECOND
    await plans.context.database.write(lambda tx: stored_domains.set_next_check(tx, plans.domain.id, planned_at))
    await plans.notice(before_at)
    assert (await queries.get(plans.context, plans.org, plans.domain.id)).next_check_at == planned_at


async def test_a_step_back_to_before_an_answer_was_remembered_lets_its_key_end_in_a_day(
    plans: Plans, clock: ManualClock
) -> None:
    context, answer = plans.context, RememberedAnswer(id="a", fingerprint="f", sealed_answer=b"sealed")
    await context.database.write(lambda tx: idempotency.insert(tx, plans.org, answer, clock.now()))
    await plans.step(ClockStep(0, -DAY))
    clock.advance(1)
    since = clock.now()
    found = await context.database.read(lambda snapshot: idempotency.find(snapshot, "a", since=since))
    assert found is None


@pytest.mark.parametrize("step", [*FORWARD, *BACK])
async def test_no_step_counts_as_time_for_which_an_endpoint_failed(plans: Plans, step: ClockStep) -> None:
    await plans.step(step)
    health = (await endpoint_now(plans.context, plans.endpoint)).health
    assert health.failing_since == plans.clock.now()


@pytest.mark.parametrize(("stop_ms", "counted_ms"), [(MINUTE, MINUTE), (100 * DAY, 0), (MAX_DOWNTIME_MS + 1, 0)])
async def test_a_long_stop_is_no_time_for_which_an_endpoint_failed(
    plans: Plans, clock: ManualClock, stop_ms: int, counted_ms: int
) -> None:
    before = RememberedTime(seen_at=clock.now(), confirmed_at=clock.now())
    clock.advance(stop_ms)
    await clock_steps.resume(plans.context, before, RememberedTime(seen_at=clock.now(), confirmed_at=clock.now()))
    health = (await endpoint_now(plans.context, plans.endpoint)).health
    assert health.failing_since == clock.now() - counted_ms
    remembered = await clock_steps.read_remembered(plans.context)
    assert remembered == RememberedTime(seen_at=clock.now(), confirmed_at=clock.now())


async def test_a_start_before_what_was_stored_plans_anew(plans: Plans, clock: ManualClock) -> None:
    waits, before = await plans.waits(), RememberedTime(seen_at=clock.now())
    clock.advance(-30 * HOUR)
    await clock_steps.resume(plans.context, before, RememberedTime(seen_at=clock.now()))
    assert await plans.waits() == [max(wait, 0) for wait in waits]


async def test_what_was_confirmed_stays_stored_while_nothing_confirms_the_time(context: Context) -> None:
    await clock_steps.remember(context, RememberedTime(seen_at=1, confirmed_at=1))
    await clock_steps.remember(context, RememberedTime(seen_at=5))
    assert await clock_steps.read_remembered(context) == RememberedTime(seen_at=5, confirmed_at=1)
