"""What one fault ended is seen together, and tried again together."""

import pytest

from dcvd.core.jobs import Cause, Job, JobState
from dcvd.errors import Permanent
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import dead_jobs, queue
from dcvd.store.organizations.organizations import Organization
from tests.services.views import all_jobs

REFUSED = Cause("register", "cloudflare_unauthorized")


async def die(context: Context, org_id: str, name: str, code: str) -> Job:
    await additions.add(context, org_id, name)
    (job,) = [each for each in await all_jobs(context, org_id) if each.domain_name == name]
    return await queue.fail(context, job, Permanent(f"{name} is refused.", code=code))


@pytest.fixture
async def dead(context: Context, organization: Organization) -> list[Job]:
    other = await organizations.create(context, "others")
    return [
        await die(context, organization.id, "a.customer.test", REFUSED.code),
        await die(context, organization.id, "b.customer.test", "bad_hostname"),
        await die(context, other.id, "c.customer.test", REFUSED.code),
    ]


async def states(context: Context, jobs: list[Job]) -> list[JobState]:
    return [(await queue.get(context, None, job.id)).state for job in jobs]


async def test_dead_jobs_of_all_organizations_are_grouped_by_what_ended_them(context: Context, dead: list[Job]) -> None:
    grouped = await dead_jobs.list_by_cause(context)
    assert [(each.cause, each.count, each.latest.id) for each in grouped] == [
        (REFUSED, 2, dead[2].id),
        (Cause("register", "bad_hostname"), 1, dead[1].id),
    ]


async def test_the_jobs_of_one_cause_are_requeued_and_no_others(context: Context, dead: list[Job]) -> None:
    assert await dead_jobs.requeue(context, REFUSED) == 2
    assert await states(context, dead) == [JobState.PENDING, JobState.DEAD, JobState.PENDING]
    assert (await queue.get(context, None, dead[0].id)).attempts == 0
    assert await dead_jobs.requeue(context, REFUSED) == 0


async def test_no_more_are_requeued_at_once_than_asked_for_the_oldest_first(context: Context, dead: list[Job]) -> None:
    assert await dead_jobs.requeue(context, REFUSED, limit=1) == 1
    assert await states(context, dead) == [JobState.PENDING, JobState.DEAD, JobState.DEAD]


async def test_jobs_are_listed_by_their_cause(context: Context, dead: list[Job]) -> None:
    page = await queue.list_page(
        context, None, state=JobState.DEAD, kind=REFUSED.kind, error_code=REFUSED.code, cursor=None, limit=10
    )
    assert [each.id for each in page.items] == [dead[2].id, dead[0].id]
    page = await queue.list_page(context, None, state=None, error_code="bad_hostname", cursor=None, limit=10)
    assert [each.id for each in page.items] == [dead[1].id]
