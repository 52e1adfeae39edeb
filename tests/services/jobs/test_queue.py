"""How jobs fail, wait, and come back."""

import pytest

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import NO_PAYLOAD, Job, JobState
from dcvd.errors import Conflict, NotFound, Permanent, Retryable
from dcvd.jobs.definitions import CODES_ENDED_BY_CLOUDFLARE, JOB_DEFINITIONS
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.due import list_due
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies, event_names
from tests.unreliable_database import UnreliableDatabase

_OUTAGES = tuple(outage for definition in JOB_DEFINITIONS for outage in definition.outages)


@pytest.fixture
async def domain(context: Context, organization: Organization) -> Domain:
    return await additions.add(context, organization.id, "app.customer.test")


@pytest.fixture
async def job(context: Context, organization: Organization, domain: Domain) -> Job:
    (found,) = await all_jobs(context, organization.id)
    return found


async def _due(context: Context) -> list[str]:
    return [job.domain_name or "" for job in await _due_jobs(context)]


async def _due_jobs(context: Context) -> list[Job]:
    return [job for definition in JOB_DEFINITIONS for job in await list_due(context, definition.kind)]


async def test_a_failure_says_when_it_is_tried_again(context: Context, job: Job, organization: Organization) -> None:
    failed = await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    assert failed.next_attempt_at == context.now() + 1000
    body = (await bodies(context, organization.id))[-1]
    assert body["event"] == "job.failed"
    assert body["data"]["next_attempt_at"] == "2027-01-15T08:00:01Z"
    assert body["data"]["error"] == {"code": "odd", "message": "It hiccuped."}


async def test_the_last_attempt_makes_a_dead_letter_that_can_be_retried(
    context: Context, job: Job, organization: Organization
) -> None:
    for _ in range(context.config.jobs.max_attempts):
        job = await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    assert job.state is JobState.DEAD
    assert (await event_names(context, organization.id))[-2:] == ["job.failed", "job.dlq"]
    assert await _due(context) == []
    again = await queue.retry(context, organization.id, job.id)
    assert (again.state, again.attempts) == (JobState.PENDING, 0)
    assert await _due(context) == ["app.customer.test"]


@pytest.mark.parametrize(
    "code",
    [
        "cloudflare_unavailable", "cloudflare_rate_limited", "cloudflare_unauthorized", "quota_exceeded",
        "token_endpoint_unavailable", "oauth_client_refused", "own_limit", "restart_needed",
    ],
)  # fmt: skip
async def test_an_outage_never_makes_a_dead_letter(context: Context, job: Job, code: str) -> None:
    for number in range(1, 101):
        job = await queue.fail(context, job, Retryable("Nobody there.", code=code), _OUTAGES)
        assert (job.attempts, job.outage_attempts) == (0, number)
    assert job.state is JobState.PENDING
    assert job.next_attempt_at is not None
    assert job.next_attempt_at - context.now() == 300_000


@pytest.mark.parametrize("code", ["cloudflare_unavailable", "cloudflare_rate_limited"])
async def test_the_end_of_an_outage_makes_due_what_waited_for_it_alone(
    context: Context, job: Job, organization: Organization, code: str
) -> None:
    await additions.add(context, organization.id, "other.customer.test")
    (other,) = (each for each in await all_jobs(context, organization.id) if each.id != job.id)
    for _ in range(5):
        job = await queue.fail(context, job, Retryable("Nobody there.", code=code), _OUTAGES)
        other = await queue.fail(context, other, Retryable("It hiccuped.", code="odd"))
    assert await _due(context) == []
    assert await queue.end_outage(context, CODES_ENDED_BY_CLOUDFLARE) == 1
    assert await _due(context) == ["app.customer.test"]
    assert await queue.end_outage(context, CODES_ENDED_BY_CLOUDFLARE) == 0, "it has ended once"


async def test_the_end_of_an_outage_is_stored_in_steps_so_that_others_can_write_in_between(
    context: Context, database: UnreliableDatabase, organization: Organization
) -> None:
    for number in range(7):
        await additions.add(context, organization.id, f"h{number}.customer.test")
    for job in await all_jobs(context, organization.id):
        await queue.fail(context, job, Retryable("Nobody there.", code="cloudflare_unavailable"), _OUTAGES)
    counts: list[int] = []

    def count_due(tx: Transaction) -> None:
        due = "state = 'pending' AND ready = 0 AND next_attempt_at <= ?"
        counts.append(tx.fetch_count(f"SELECT count(*) FROM jobs WHERE {due}", (context.now(),)))

    database.before_commit = count_due
    assert await queue.end_outage(context, CODES_ENDED_BY_CLOUDFLARE, batch_size=3) == 7
    assert counts == [3, 6, 7]
    database.before_commit = None
    assert len(await _due(context)) == 7


@pytest.mark.parametrize(
    "code", ["cloudflare_unauthorized", "quota_exceeded", "token_endpoint_unavailable", "oauth_client_refused"]
)
async def test_that_cloudflare_is_back_ends_no_outage_of_another_cause(context: Context, job: Job, code: str) -> None:
    for _ in range(5):
        job = await queue.fail(context, job, Retryable("Not now.", code=code), _OUTAGES)
    assert await queue.end_outage(context, CODES_ENDED_BY_CLOUDFLARE) == 0
    assert (await queue.get(context, job.org_id, job.id)).next_attempt_at == job.next_attempt_at


async def test_a_failure_of_its_own_after_an_outage_is_not_ended_with_it(context: Context, job: Job) -> None:
    job = await queue.fail(context, job, Retryable("Nobody there.", code="cloudflare_unavailable"), _OUTAGES)
    job = await queue.fail(context, job, Retryable("It hiccuped.", code="odd"))
    assert (job.attempts, job.outage_attempts) == (1, 0)
    assert await queue.end_outage(context, CODES_ENDED_BY_CLOUDFLARE) == 0


async def test_the_services_own_wish_to_wait_is_a_floor(context: Context, job: Job) -> None:
    failed = await queue.fail(
        context, job, Retryable("Slow down.", code="cloudflare_rate_limited", retry_after_s=120), _OUTAGES
    )
    assert failed.next_attempt_at == context.now() + 120_000


@pytest.mark.parametrize("code", ["cloudflare_rate_limited", "odd"])
async def test_a_wish_to_wait_shortens_no_wait_and_is_never_longer_than_two_hours(
    context: Context, job: Job, code: str
) -> None:
    for _ in range(5):
        job = await queue.fail(context, job, Retryable("Slow down.", code=code, retry_after_s=0.5), _OUTAGES)
    plain = 16_000 if code == "cloudflare_rate_limited" else 600_000
    assert job.next_attempt_at == context.now() + plain
    job = await queue.fail(context, job, Retryable("Slow down.", code=code, retry_after_s=10**6), _OUTAGES)
    assert job.next_attempt_at == context.now() + 2 * 3_600_000


async def test_a_refusal_is_a_dead_letter_at_once(context: Context, job: Job) -> None:
    assert (await queue.fail(context, job, Permanent("No.", code="no"))).state is JobState.DEAD


async def test_a_registration_waits_for_the_removal_of_the_same_name(
    context: Context, organization: Organization, domain: Domain, clock: ManualClock
) -> None:
    await removals.remove(context, organization.id, domain.id)
    clock.advance(1)
    await additions.add(context, organization.id, domain.name)
    found = await _due_jobs(context)
    assert [job.kind for job in found] == ["deregister"]
    await queue.complete(context, found[0])
    found = await _due_jobs(context)
    assert [job.kind for job in found] == ["register"]


async def test_a_job_that_was_ended_meanwhile_stays_ended(
    context: Context, job: Job, organization: Organization, domain: Domain
) -> None:
    await removals.remove(context, organization.id, domain.id)
    await queue.fail(context, job, Retryable("Too late."))
    assert (await all_jobs(context, organization.id))[0].state is JobState.DONE
    assert "job.failed" not in await event_names(context, organization.id)


async def test_a_revalidation_of_a_domain_that_goes_is_given_up_and_that_of_another_is_not(
    context: Context, organization: Organization, domain: Domain, clock: ManualClock
) -> None:
    clock.advance(1)
    other = await additions.add(context, organization.id, "other.customer.test")
    for each in (domain, other):
        await context.database.write(
            lambda tx, each=each: queue.enqueue_for(context, tx, REVALIDATE, each, NO_PAYLOAD)  # type: ignore[misc]
        )
    await removals.remove(context, organization.id, domain.id)
    pending = [(job.kind, job.domain_id) for job in await _due_jobs(context)]
    assert sorted(pending) == [("deregister", domain.id), ("register", other.id), ("revalidate", other.id)]


async def test_a_done_job_is_not_retried_and_another_organizations_is_not_seen(
    context: Context, job: Job, organization: Organization, rival: Organization
) -> None:
    with pytest.raises(NotFound):
        await queue.retry(context, rival.id, job.id)
    with pytest.raises(NotFound):
        await queue.get(context, rival.id, job.id)
    await queue.complete(context, job)
    with pytest.raises(Conflict, match="nothing to retry"):
        await queue.retry(context, organization.id, job.id)
