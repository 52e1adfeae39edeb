"""Jobs at Cloudflare when answers are lost, refused, or late."""

import asyncio

import pytest
from msgspec.structs import replace

from dcvd.config import Live
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import NotFound
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.jobs import queue as service
from dcvd.store import domains as store
from tests.faults import fault, heal, state
from tests.jobs.working import settled
from tests.providing import access_of
from tests.services.views import all_jobs, event_names
from tests.waiting import until


async def _hostnames(sandbox: Sandbox) -> list[str]:
    return sorted(entry["hostname"] for entry in (await state(sandbox))["hostnames"])


@pytest.mark.usefixtures("worker")
async def test_a_new_domain_is_registered_at_once(sandbox_context: Context, org: str, quick_sandbox: Sandbox) -> None:
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    stored = await queries.get(sandbox_context, org, domain.id)
    assert stored.cf_id is not None
    assert stored.cf_status == "pending"
    assert await _hostnames(quick_sandbox) == ["app.customer.test"]


@pytest.mark.usefixtures("worker")
async def test_a_lost_answer_is_healed_by_adopting_the_duplicate(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox
) -> None:
    await fault(quick_sandbox, method="POST", path="/zones/*/custom_hostnames", kind="lost_answer", times=1)
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    stored = await queries.get(sandbox_context, org, domain.id)
    (entry,) = (await state(quick_sandbox))["hostnames"]
    assert stored.cf_id == entry["id"]
    assert await event_names(sandbox_context, org) == ["domain.added", "job.failed"]


@pytest.mark.usefixtures("worker")
async def test_a_hostname_that_another_domain_holds_is_not_adopted(
    sandbox_context: Context, org: str, cloudflare: CloudflareClient
) -> None:
    holder = await additions.add(sandbox_context, org, "other.customer.test")
    await settled(sandbox_context, org)
    created = await cloudflare.create("app.customer.test")
    stored = await queries.get(sandbox_context, org, holder.id)
    await sandbox_context.database.write(lambda tx: store.update(tx, replace(stored, cf_id=created.id)))
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    refused = await queries.get(sandbox_context, org, domain.id)
    assert refused.error is not None
    assert (refused.status, refused.error.code) == (DomainStatus.ERROR, "hostname_taken")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("kind", "cloudflare_timeout"), [("refuse", 60_000), ("status", 60_000), ("timeout", 1_000)])
@pytest.mark.sampled(3)
async def test_an_outage_of_any_kind_is_waited_out(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox, kind: str, cloudflare_timeout: int
) -> None:
    await fault(quick_sandbox, kind=kind)
    domain = await additions.add(sandbox_context, org, "app.customer.test")

    async def failed_once() -> bool:
        return "job.failed" in await event_names(sandbox_context, org)

    await until(failed_once)
    assert (await queries.get(sandbox_context, org, domain.id)).status is DomainStatus.PENDING_CNAME
    await heal(quick_sandbox)
    await settled(sandbox_context, org)
    assert (await queries.get(sandbox_context, org, domain.id)).cf_id is not None


@pytest.mark.usefixtures("worker")
async def test_what_cloudflare_refuses_for_good_is_the_domains_error(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox
) -> None:
    await fault(quick_sandbox, method="POST", kind="status", status=400, times=1)
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    refused = await queries.get(sandbox_context, org, domain.id)
    assert refused.status is DomainStatus.ERROR
    (job,) = await all_jobs(sandbox_context, org)
    assert job.state is JobState.DEAD
    await service.retry(sandbox_context, org, job.id)
    await settled(sandbox_context, org)
    healed = await queries.get(sandbox_context, org, domain.id)
    assert (healed.status, healed.error) == (DomainStatus.PENDING_CNAME, None)


@pytest.mark.usefixtures("worker")
async def test_a_removed_domain_disappears_at_cloudflare_also_through_an_outage(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox
) -> None:
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    await fault(quick_sandbox, method="DELETE", kind="lost_answer", times=1)
    await removals.remove(sandbox_context, org, domain.id)
    await settled(sandbox_context, org)
    assert await _hostnames(quick_sandbox) == []
    with pytest.raises(NotFound):
        await queries.get(sandbox_context, org, domain.id)


@pytest.mark.usefixtures("worker")
async def test_removed_and_added_again_ends_with_the_new_registration(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox
) -> None:
    first = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    old = (await queries.get(sandbox_context, org, first.id)).cf_id
    await removals.remove(sandbox_context, org, first.id)
    second = await additions.add(sandbox_context, org, "app.customer.test")
    await settled(sandbox_context, org)
    new = (await queries.get(sandbox_context, org, second.id)).cf_id
    (entry,) = (await state(quick_sandbox))["hostnames"]
    assert entry["id"] == new != old


@pytest.mark.usefixtures("worker")
async def test_a_domain_removed_while_its_answer_was_lost_leaves_no_hostname(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox
) -> None:
    await fault(quick_sandbox, method="POST", kind="lost_answer", times=1)
    domain = await additions.add(sandbox_context, org, "app.customer.test")

    async def created() -> bool:
        return await _hostnames(quick_sandbox) == ["app.customer.test"]

    await until(created)
    await removals.remove(sandbox_context, org, domain.id)
    await settled(sandbox_context, org)
    assert await _hostnames(quick_sandbox) == []


async def test_bad_credentials_wait_for_the_operator_and_lose_nothing(sandbox_context: Context, org: str) -> None:
    config = sandbox_context.config
    wrong = replace(config, cloudflare=replace(config.cloudflare, api_token=Secret("wrong")))
    live_config = Live(wrong)
    client = CloudflareClient(live_config, Metrics())
    await client.start()
    worker = JobWorker(sandbox_context, client, access_of(sandbox_context), Metrics())
    task = asyncio.create_task(worker.run())
    try:
        await additions.add(sandbox_context, org, "app.customer.test")

        async def failed() -> bool:
            (job,) = await all_jobs(sandbox_context, org)
            return job.last_error_code == "cloudflare_unauthorized"

        await until(failed)
        live_config.value = config
        await settled(sandbox_context, org)
        (job,) = await all_jobs(sandbox_context, org)
        assert (job.kind, job.state) == ("register", JobState.DONE)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
        await client.close()


async def test_registrations_that_wait_for_the_pace_hold_up_no_other_job(
    sandbox_context: Context, org: str, quick_sandbox: Sandbox, cloudflare: CloudflareClient
) -> None:
    config = sandbox_context.config
    slow = replace(config.cloudflare, certificates_per_minute=1)
    sandbox_context.live_config.value = replace(config, cloudflare=slow)
    first = await additions.add(sandbox_context, org, "first.customer.test")
    worker = JobWorker(sandbox_context, cloudflare, access_of(sandbox_context), Metrics())
    task = asyncio.create_task(worker.run())
    try:
        await settled(sandbox_context, org)
        for number in range(20):
            await additions.add(sandbox_context, org, f"n{number}.customer.test")
        await removals.remove(sandbox_context, org, first.id)

        async def removed() -> bool:
            states = [job.state for job in await all_jobs(sandbox_context, org)]
            return states.count(JobState.PENDING) == 20

        await until(removed)
        assert await _hostnames(quick_sandbox) == []
        sandbox_context.live_config.value = config
        await settled(sandbox_context, org)
        assert len(await _hostnames(quick_sandbox)) == 20
    finally:
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
