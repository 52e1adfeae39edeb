"""A domain whose registration was given up says so, whatever ended its job, until a retry succeeds."""

import asyncio

import pytest
import structlog
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.instants import DAY
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.registration_queue import DEAD_POSITION
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import Retryable
from dcvd.jobs import JobWorker
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import HostnameStatus
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.lifecycle.register_job import DEFINITION
from dcvd.store.jobs import jobs
from tests.conftest import VAULT
from tests.faults import fault
from tests.jobs.ward import NAME, Ward, checked
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.services.views import all_jobs, bodies
from tests.waiting import until


@pytest.fixture
async def ward(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Ward:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    return Ward(context, cloudflare, quick_sandbox, clock, org)


def error_code(domain: Domain) -> str | None:
    return None if domain.error is None else domain.error.code


async def use_up(ward: Ward) -> Job:
    """Use up all attempts of the only pending job, by a failure that is no outage."""
    (job,) = await ward.pending()
    while job.state is JobState.PENDING:
        error = Retryable("It hiccuped.", code="odd")
        job = await queue.fail(ward.context, job, error, DEFINITION.outages, DEFINITION.record_death)
    return job


async def test_a_registration_that_used_up_its_attempts_is_an_error_of_its_domain_at_once(ward: Ward) -> None:
    domain = await additions.add(ward.context, ward.org, NAME)
    await checks.record(ward.context, domain.id, [checked(domain, right=True)])
    await use_up(ward)
    failed = await ward.domain(domain.id)
    assert (failed.status, error_code(failed)) == (DomainStatus.ERROR, "registration_failed")
    assert await QueuePositions(ward.context).find(failed) == DEAD_POSITION
    last_events = [body["event"] for body in await bodies(ward.context, ward.org)][-3:]
    assert last_events == ["job.failed", "job.dlq", "domain.error"]


async def test_it_stays_the_same_error_through_a_month_of_checks(ward: Ward) -> None:
    domain = await additions.add(ward.context, ward.org, NAME)
    await use_up(ward)
    for day in range(30):
        ward.clock.advance(DAY)
        failed = await ward.look(domain.id, dns=day % 7 != 0)
        assert (failed.status, error_code(failed)) == (DomainStatus.ERROR, "registration_failed")
    assert (await ward.events())["domain.error"] == 1


@pytest.mark.parametrize("status", [None, HostnameStatus.TEST_PENDING])
async def test_a_retry_that_succeeds_takes_the_domain_out_of_it(ward: Ward, status: HostnameStatus | None) -> None:
    domain = await additions.add(ward.context, ward.org, NAME)
    job = await use_up(ward)
    if status is not None:
        await ward.cloudflare.create(NAME)
        ward.sandbox.world.force(NAME, ForcedStateChange(status=status, is_sticky=True))
    await queue.retry(ward.context, ward.org, job.id)
    await ward.work()
    registered = await ward.domain(domain.id)
    assert registered.cf_id is not None
    assert (registered.status, registered.error) == (DomainStatus.PENDING_CNAME, None)


async def test_a_retry_that_fails_again_is_told_once(ward: Ward) -> None:
    await additions.add(ward.context, ward.org, NAME)
    for _ in range(2):
        job = await use_up(ward)
        await queue.retry(ward.context, ward.org, job.id)
    await use_up(ward)
    assert (await ward.events())["domain.error"] == 1


async def work_until_dead(ward: Ward) -> Metrics:
    """Have a worker try the only job until it is a dead letter, and return what it has counted."""
    metrics = Metrics()
    worker = JobWorker(ward.context, ward.cloudflare, access_of(ward.context), metrics)
    task = asyncio.create_task(worker.run())

    async def is_dead() -> bool:
        return [job.state for job in await all_jobs(ward.context, ward.org)] == [JobState.DEAD]

    await until(is_dead)
    task.cancel()
    await asyncio.wait([task])
    await worker.pool.drain(1)
    return metrics


def count_attempts(metrics: Metrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("dcvd_job_attempts_total", {"kind": "register", "outcome": outcome})


async def test_a_fault_of_dcvds_own_that_ends_the_job_is_the_same_error_and_is_counted(ward: Ward) -> None:
    config = ward.context.config
    ward.context.live_config.value = replace(config, jobs=replace(config.jobs, max_attempts=1))
    domain = await additions.add(ward.context, ward.org, NAME)
    (job,) = await ward.pending()
    await ward.context.database.write(lambda tx: jobs.update(tx, replace(job, payload="[]")))
    metrics = await work_until_dead(ward)
    assert error_code(await ward.domain(domain.id)) == "registration_failed"
    assert count_attempts(metrics, "dead") == 1


async def test_a_hostname_that_cloudflare_refuses_for_good_is_no_success_of_its_job(ward: Ward) -> None:
    await fault(ward.sandbox, method="POST", kind="status", status=400, times=1)
    await additions.add(ward.context, ward.org, NAME)
    with structlog.testing.capture_logs() as lines:
        metrics = await work_until_dead(ward)
    assert (count_attempts(metrics, "dead"), count_attempts(metrics, "done")) == (1, 0)
    told = [line["event"] for line in lines if line["event"].startswith("job.")]
    assert told == ["job.failed"]


async def test_a_domain_that_an_older_version_left_waiting_without_a_job_is_found_by_its_next_check(ward: Ward) -> None:
    domain = await additions.add(ward.context, ward.org, NAME)
    (job,) = await ward.pending()
    dead_job = replace(job, state=JobState.DEAD, next_attempt_at=None)
    await ward.context.database.write(lambda tx: jobs.update(tx, dead_job))
    assert error_code(await ward.look(domain.id)) == "registration_failed"


async def test_a_domain_whose_registration_waits_for_an_outage_to_end_is_no_error(ward: Ward) -> None:
    domain = await additions.add(ward.context, ward.org, NAME)
    (job,) = await ward.pending()
    for _ in range(20):
        error = Retryable("Nobody there.", code="cloudflare_unavailable")
        job = await queue.fail(ward.context, job, error, DEFINITION.outages, DEFINITION.record_death)
    assert (await ward.look(domain.id, dns=True)).status is DomainStatus.ISSUING


async def test_a_hostname_that_is_to_be_registered_again_is_told_as_deleted_though_the_job_died(ward: Ward) -> None:
    domain = await ward.registered()
    ward.sandbox.world.delete(NAME)
    await ward.look(domain.id)
    await use_up(ward)
    assert error_code(await ward.domain(domain.id)) == "deleted"
    ward.clock.advance(DAY)
    await ward.look(domain.id)
    assert [job.kind for job in await ward.pending()] == ["register"], "the next step of the remedy"
