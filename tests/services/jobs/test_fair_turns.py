"""Fair turns: an organization that wants much at once does not hold up those that want little."""

import pytest

from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.domain import Domain
from dcvd.core.instants import MINUTE
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import register_job, registration_queue
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.due import list_due
from tests.manual_clock import ManualClock
from tests.services.domains.test_domains import seen
from tests.services.views import all_jobs


class _Ticking(ManualClock):
    """Never shows the same millisecond twice, within which the order of ids is chance."""

    def now(self) -> int:
        self.advance(1)
        return super().now()


@pytest.fixture
def clock() -> ManualClock:
    return _Ticking()


async def _import(context: Context, org_id: str, *names: str) -> list[Domain]:
    """Many at once, as a bulk call does it."""

    def unit(tx: Transaction) -> list[Domain]:
        verdicts = additions.evaluate(context, tx, org_id, [ValidatedDomain(name=name) for name in names])
        new = [verdict.domain for verdict in verdicts if verdict.domain is not None]
        additions.store(context, tx, org_id, new, actor="operator")
        return new

    return await context.database.write(unit)


async def _order(context: Context, limit: int = 100) -> list[str]:
    return [(job.domain_name or "").split(".")[0] for job in await list_due(context, REGISTER, limit)]


async def test_a_single_domain_is_registered_beside_the_first_of_anothers_hundred_thousand(
    context: Context, organization: Organization, rival: Organization
) -> None:
    await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(50)))
    await additions.add(context, organization.id, "a1.customer.test")
    assert await _order(context, 3) == ["r0", "r1", "a1"]


async def test_organizations_take_turns_whoever_came_first(
    context: Context, organization: Organization, rival: Organization
) -> None:
    await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(4)))
    await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(3)))
    assert await _order(context) == ["r0", "r1", "a0", "r2", "a1", "r3", "a2"]


async def test_one_organizations_domains_keep_their_order(context: Context, organization: Organization) -> None:
    await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(5)))
    await additions.add(context, organization.id, "a5.customer.test")
    assert await _order(context) == ["a0", "a1", "a2", "a3", "a4", "a5"]


async def test_who_comes_late_does_not_overtake_all_that_waited(
    context: Context, organization: Organization, rival: Organization
) -> None:
    await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(6)))
    for job in (await all_jobs(context, rival.id))[:4]:
        await queue.complete(context, job)
    await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(6)))
    assert (await _order(context))[:4] == ["r4", "r5", "a0", "a1"]


async def test_a_retry_keeps_its_turn(
    context: Context, organization: Organization, rival: Organization, clock: ManualClock
) -> None:
    await additions.add(context, organization.id, "a0.customer.test")
    await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(4)))
    (job,) = await all_jobs(context, organization.id)
    await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    assert await _order(context) == ["r0", "r1", "r2", "r3"]
    clock.advance(MINUTE)
    assert (await _order(context))[0] == "a0"


async def test_a_dead_letter_that_is_retried_comes_no_later_than_a_new_job_would(
    context: Context, organization: Organization, rival: Organization
) -> None:
    await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(9)))
    *finished_jobs, last_job = await all_jobs(context, rival.id)
    for job in finished_jobs:
        await queue.complete(context, job)
    await additions.add(context, organization.id, "a0.customer.test")
    (late_job,) = await all_jobs(context, organization.id)
    await queue.fail(context, late_job, Permanent("No.", code="no"))
    await queue.complete(context, last_job)
    await _import(context, rival.id, *(f"s{number}.rival.test" for number in range(9)))
    await queue.retry(context, organization.id, late_job.id)
    assert (await _order(context))[:4] == ["s0", "a0", "s1", "s2"]


async def test_the_turns_of_one_kind_of_job_say_nothing_of_anothers(
    context: Context, organization: Organization
) -> None:
    first, *_ = await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(5)))
    await removals.remove(context, organization.id, first.id)
    by_kind = {job.kind: job.turn for job in await all_jobs(context, organization.id)}
    assert by_kind["deregister"] == 1


async def test_each_domain_knows_its_place_in_the_line(
    context: Context, organization: Organization, rival: Organization
) -> None:
    theirs = await _import(context, rival.id, *(f"r{number}.rival.test" for number in range(3)))
    ours = await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(3)))
    places = await registration_queue.find_positions(context, [*ours, *theirs])
    order = sorted((place.position, domain_id) for domain_id, place in places.items())
    assert [position for position, _ in order] == [1, 2, 3, 4, 5, 6]
    names = {domain.id: domain.name.split(".")[0] for domain in (*ours, *theirs)}
    assert [names[domain_id] for _, domain_id in order] == await _order(context)
    for domain in (*ours, *theirs):
        place = await QueuePositions(context).find(domain)
        assert place is not None
        assert place.position == places[domain.id].position


async def test_a_registered_or_removed_domain_waits_for_nothing_and_a_given_up_one_says_so(
    context: Context, organization: Organization
) -> None:
    registered, removed, failed = await _import(
        context, organization.id, *(f"a{number}.customer.test" for number in range(3))
    )
    by_domain = {job.domain_id: job for job in await all_jobs(context, organization.id)}
    await register_job.record_registered(context, by_domain[registered.id], seen(registered.name))
    await removals.remove(context, organization.id, removed.id)
    job = by_domain[failed.id]
    for _ in range(context.config.jobs.max_attempts):
        job = await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    # As they were read before all that.
    places = await registration_queue.find_positions(context, [registered, removed, failed])
    assert {domain_id: place.state for domain_id, place in places.items()} == {failed.id: "dead"}


@pytest.mark.parametrize("count", [1, 3])
async def test_the_line_is_gone_through_once_however_many_are_asked_for(
    context: Context, organization: Organization, count: int
) -> None:
    ours = await _import(context, organization.id, *(f"a{number}.customer.test" for number in range(count)))
    place = (await registration_queue.find_positions(context, ours))[ours[-1].id]
    assert place.position == count
