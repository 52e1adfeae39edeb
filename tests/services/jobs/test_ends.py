"""How a job has ended, its owner was told: nothing that comes late changes it. What a retry answers is what happens."""

import pytest

from dcvd.core.instants import DAY
from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, JobState, NoPayload, Outage
from dcvd.errors import DcvdError, DiskFull, Permanent, Retryable, StoreError
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.jobs import jobs
from tests.manual_clock import ManualClock
from tests.services.views import event_names

_ERRAND = JobKind("errand", NoPayload)


@pytest.fixture
async def job(context: Context, org: str, clock: ManualClock) -> Job:
    """A job whose attempt is in flight since a second."""
    job = await context.database.write(lambda tx: queue.enqueue(context, tx, _ERRAND, NO_PAYLOAD, org_id=org))
    clock.advance(1_000)
    return job


async def _read(context: Context, job: Job) -> Job:
    return await queue.get(context, job.org_id, job.id)


async def test_a_dead_letter_stays_one_when_its_attempt_succeeds_late(context: Context, job: Job) -> None:
    dead = await queue.fail(context, job, Permanent("Its connection was removed.", code="connection_removed"))
    assert not await context.database.write(lambda tx: queue.succeed(context, tx, job))
    assert await _read(context, job) == dead
    assert await event_names(context, job.org_id) == ["job.failed", "job.dlq"]


async def test_a_dead_letter_stays_as_it_is_when_its_attempt_fails_late(context: Context, job: Job) -> None:
    dead = await queue.fail(context, job, Permanent("Its connection was removed.", code="connection_removed"))
    await queue.fail(context, job, Retryable("Too late.", code="odd"))
    assert await _read(context, job) == dead
    assert await event_names(context, job.org_id) == ["job.failed", "job.dlq"]


async def test_a_dead_letter_that_was_retried_meanwhile_is_done_when_its_attempt_succeeds(
    context: Context, job: Job
) -> None:
    await queue.fail(context, job, Permanent("Its connection was removed.", code="connection_removed"))
    await queue.retry(context, job.org_id, job.id)
    assert await context.database.write(lambda tx: queue.succeed(context, tx, job))
    assert (await _read(context, job)).state is JobState.DONE


async def test_a_done_job_changes_no_more(context: Context, job: Job, clock: ManualClock) -> None:
    await queue.complete(context, job)
    done = await _read(context, job)
    clock.advance(1)
    await queue.complete(context, job)
    late = await context.database.write(lambda tx: jobs.update(tx, job))
    assert (late, await _read(context, job)) == (False, done)


@pytest.mark.parametrize("error", [Retryable("It hiccuped.", code="odd"), Permanent("No.", code="no")])
async def test_a_retry_during_an_attempt_makes_another_one_due_at_once_whatever_comes_of_this_one(
    context: Context, job: Job, clock: ManualClock, error: DcvdError
) -> None:
    answer = await queue.retry(context, job.org_id, job.id)
    clock.advance(1_000)
    await queue.fail(context, job, error)
    stored = await _read(context, job)
    assert (stored.state, stored.next_attempt_at) == (JobState.PENDING, answer.next_attempt_at)
    assert (stored.attempts, stored.last_error_code) == (1, error.code)
    assert await event_names(context, job.org_id) == ["job.failed"]
    assert (await queue.fail(context, stored, error)).next_attempt_at != answer.next_attempt_at


async def test_an_outage_of_days_is_told_a_few_times_a_day_and_at_once_to_whoever_retries(
    context: Context, job: Job, clock: ManualClock
) -> None:
    error, outages = Retryable("The token is refused.", code="refused"), [Outage("refused")]

    async def told_until(end_at: int) -> int:
        before = len(await event_names(context, job.org_id))
        while (due_at := (await _read(context, job)).next_attempt_at) is not None and due_at < end_at:
            clock.advance(due_at - clock.now())
            await queue.fail(context, await _read(context, job), error, outages)
        return len(await event_names(context, job.org_id)) - before

    start_at = clock.now()
    assert await told_until(start_at + DAY) == 9
    assert await told_until(start_at + 2 * DAY) == 1
    await queue.retry(context, job.org_id, job.id)
    assert await told_until(clock.now() + 1) == 1


@pytest.mark.parametrize("error", [StoreError("The disk failed."), DiskFull("The disk is full.")])
async def test_a_fault_of_dcvds_own_disk_counts_no_attempt(context: Context, job: Job, error: StoreError) -> None:
    for number in range(1, 100):
        job = await queue.fail(context, job, queue.internal_failure_error(error))
        assert (job.state, job.attempts, job.outage_attempts) == (JobState.PENDING, 0, number)
    assert job.last_error_code == error.code
