"""Looks at one domain overlap, and others ask for looks while one is made: nothing newer is lost by what is older."""

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.notifications import CloudflareNotification
from dcvd.core.domains.domain import DnsState, Domain
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.jobs import NO_PAYLOAD, JobKind, NoPayload
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.errors import Permanent
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks, registration
from dcvd.services.lifecycle.checks import RECHECK_DELAY_MS, CheckStart
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.remedy_jobs import REGISTER, REVALIDATE
from dcvd.store import domains as stored
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs
from tests.sync.fleet import DAY, fleet, hostname, verified


@pytest.fixture
async def domain(context: Context) -> Domain:
    """Active, and due since a moment ago."""
    (made,) = await fleet(context, (await organizations.create(context, "Acme")).id, 1)
    return made


async def _end(context: Context, domain: Domain, beginning: CheckStart, status: str = "active") -> Domain:
    seen = [verified(domain), hostname(domain, status)]
    after = await checks.record(context, domain.id, seen, asked_at=beginning.started_at, start=beginning)
    assert after is not None
    return after


async def _in_turn(context: Context, kind: CheckLane, at: int) -> list[str]:
    return await context.database.read(lambda snapshot: stored.list_due_ids(snapshot, kind, at, 9))


@pytest.mark.parametrize("plan", [-SECOND, HOUR], ids=["due", "due later"])
async def test_a_hint_that_comes_while_a_domain_is_looked_at_brings_another_look(
    context: Context, domain: Domain, clock: ManualClock, plan: int
) -> None:
    await checks.postpone(context, domain, clock.now() + plan)
    begun = await queries.get(context, domain.org_id, domain.id)
    beginning = CheckStart(clock.now(), begun.next_check_at)
    clock.advance(SECOND // 10)
    await CloudflareNotificationHandler(context, Metrics()).handle(
        CloudflareNotification(event_id="e1", hostname_id=domain.cf_id, hostname=domain.name)
    )
    clock.advance(SECOND)
    after = await _end(context, begun, beginning)
    assert after.next_check_at == clock.now() + RECHECK_DELAY_MS
    assert await _in_turn(context, CheckLane.WAITING, clock.now() + RECHECK_DELAY_MS) == [domain.id]


async def test_somebody_who_waits_for_a_look_gets_one_that_began_after_he_asked(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    beginning = CheckStart(clock.now(), domain.next_check_at)
    clock.advance(SECOND)
    await checks.check_now(context, domain.id)
    clock.advance(SECOND)
    await _end(context, domain, beginning)
    assert await _in_turn(context, CheckLane.WAITING, clock.now() + RECHECK_DELAY_MS) == [domain.id]


async def test_a_look_that_nobody_asked_for_meanwhile_is_followed_by_the_routine(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    first, second = (CheckStart(clock.now(), domain.next_check_at) for _ in range(2))
    clock.advance(SECOND)
    await _end(context, domain, first)
    after = await _end(context, domain, second)
    assert after.next_check_at > clock.now() + DAY // 2


async def test_a_look_that_began_earlier_and_ends_later_overwrites_nothing(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    early = CheckStart(clock.now(), domain.next_check_at)
    clock.advance(SECOND)
    late = CheckStart(clock.now(), domain.next_check_at)
    clock.advance(SECOND)
    newer = await _end(context, domain, late)
    clock.advance(SECOND)
    # What it saw is older: that the hostname had moved away, and that DNS was wrong.
    wrong = verified(replace(domain, cname_target="elsewhere.test"))
    older = [wrong, hostname(domain, "moved")]
    after = await checks.record(context, domain.id, older, asked_at=early.started_at, start=early)
    assert after is not None
    assert (after.status, after.dns_state, after.dns_failures) == (newer.status, DnsState.VERIFIED, 0)
    assert (after.dns_checked_at, after.cf_checked_at) == (newer.dns_checked_at, newer.cf_checked_at)


@pytest.mark.parametrize("kind", [REGISTER, REVALIDATE], ids=lambda kind: kind.name)
async def test_a_check_that_somebody_waits_for_is_not_put_off_by_what_a_job_observes(
    context: Context, domain: Domain, clock: ManualClock, kind: JobKind[NoPayload]
) -> None:
    job = await context.database.write(lambda tx: queue.enqueue_for(context, tx, kind, domain, NO_PAYLOAD))
    await checks.check_now(context, domain.id)
    for _ in range(2):
        clock.advance(SECOND)
        await context.database.write(
            lambda tx: registration.record_observation(context, tx, job, hostname(domain, "active"))
        )
    assert await _in_turn(context, CheckLane.WAITING, clock.now() + RECHECK_DELAY_MS) == [domain.id]


async def test_a_death_of_a_registration_puts_off_no_check_that_somebody_waits_for(
    context: Context, org: str, clock: ManualClock
) -> None:
    domain = await additions.add(context, org, "app.customer.test")
    await checks.postpone(context, domain, clock.now() + HOUR)
    (job,) = await all_jobs(context, org)
    await checks.check_now(context, domain.id)
    clock.advance(SECOND)
    await queue.fail(context, job, Permanent("No.", code="no"), record_death=registration.record_death)
    assert await _in_turn(context, CheckLane.WAITING, clock.now() + RECHECK_DELAY_MS) == [domain.id]
