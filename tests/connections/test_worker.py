"""Refreshes beside the other jobs."""

import asyncio

from dcvd.core.instants import HOUR
from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.connections import maintenance
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store.organizations.organizations import Organization
from tests.connections.conftest import connect
from tests.connections.provider import ProviderServer
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs
from tests.waiting import until


async def test_a_provider_that_does_not_answer_holds_up_nothing_but_refreshes(
    access: ProviderAccess,
    context: Context,
    organization: Organization,
    provider: ProviderServer,
    clock: ManualClock,
    cloudflare: CloudflareClient,
) -> None:
    for _ in range(2 * context.config.jobs.concurrency):
        await connect(context, organization.id, provider.grant())
    clock.advance(HOUR)
    await maintenance.enqueue_refreshes(context)
    provider.gate.clear()
    worker = JobWorker(context, cloudflare, access, Metrics())
    working = asyncio.create_task(worker.run())

    async def left(kind: str) -> int:
        jobs = await all_jobs(context, organization.id)
        return sum(job.kind == kind and job.state is JobState.PENDING for job in jobs)

    async def asked() -> bool:
        return len(provider.asked) == context.config.jobs.concurrency // 4

    async def registered() -> bool:
        return not await left("register")

    async def refreshed() -> bool:
        return not await left("refresh_token")

    await until(asked)
    await additions.add(context, organization.id, "app.customer.test")
    await until(registered)
    assert await asked()
    provider.gate.set()
    await until(refreshed)
    assert len(provider.asked) == 2 * context.config.jobs.concurrency
    working.cancel()
    await asyncio.wait([working])
    await worker.pool.drain(1)


async def test_providers_that_do_not_answer_one_tenant_leave_room_to_write_the_records_of_others(
    access: ProviderAccess,
    context: Context,
    organization: Organization,
    provider: ProviderServer,
    clock: ManualClock,
    cloudflare: CloudflareClient,
) -> None:
    other = await organizations.create(context, "Other")
    ready = await connect(context, other.id, provider.grant(), life=None)
    for number in range(context.config.jobs.concurrency):
        slow = await connect(context, organization.id, provider.grant())
        await additions.add(context, organization.id, f"app{number}.customer.test", connection_id=slow.id)
    clock.advance(HOUR)
    provider.gate.clear()
    worker = JobWorker(context, cloudflare, access, Metrics())
    working = asyncio.create_task(worker.run())

    async def asked() -> bool:
        return len(provider.asked) == context.config.jobs.concurrency // 4

    async def tried() -> bool:
        jobs = await all_jobs(context, other.id)
        return any(job.kind == "write_dns" and job.attempts for job in jobs)

    await until(asked)
    await additions.add(context, other.id, "app.other.test", connection_id=ready.id)
    await until(tried)
    assert await asked()
    provider.gate.set()
    working.cancel()
    await asyncio.wait([working])
    await worker.pool.drain(1)
