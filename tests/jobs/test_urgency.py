"""Jobs leave calls to Cloudflare for people who wait for an answer at this moment."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.jobs import NO_PAYLOAD, Job
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.register_job import record_registered
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER, REVALIDATE, Deregistration
from dcvd.store.engine.transactions import Transaction
from tests.performing import attempt
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.waiting import until

_CALLS: Final = 40
"""Calls to Cloudflare in a window that lasts longer than the test."""
_ID: Final = "00000000-0000-4000-8000-{:012d}"


@pytest.fixture
async def limited(sandbox_config: Config) -> AsyncIterator[CloudflareClient]:
    """A client of the sandbox that may make few calls."""
    few = replace(sandbox_config, cloudflare=replace(sandbox_config.cloudflare, requests_per_5m=_CALLS))
    client = CloudflareClient(Live(few), Metrics())
    await client.start()
    yield client
    await client.close()


async def _enqueue(context: Context, cloudflare: CloudflareClient, org: str, kind: str) -> list[Job]:
    """Enqueue more jobs of a kind than there are calls."""
    for number in range(_CALLS + 10):
        domain = await additions.add(context, org, f"n{number}.customer.test")
        if kind == "register":
            continue
        if kind == "revalidate":
            (registration,) = [job for job in await all_jobs(context, org) if job.domain_id == domain.id]
            await record_registered(context, registration, await cloudflare.create(domain.name))

        def unit(tx: Transaction, domain=domain, number=number) -> None:  # type: ignore[no-untyped-def]
            if kind == "revalidate":
                queue.enqueue_for(context, tx, REVALIDATE, domain, NO_PAYLOAD)
            else:
                queue.enqueue_for(context, tx, DEREGISTER, domain, Deregistration(cf_id=_ID.format(number)))

        await context.database.write(unit)
    return [job for job in await all_jobs(context, org) if job.kind == kind]


@pytest.mark.parametrize("kind", ["register", "revalidate", "deregister"])
@pytest.mark.sampled(3)
async def test_somebody_who_waits_finds_a_call_however_many_jobs_wait_for_theirs(
    sandbox_context: Context,
    cloudflare: CloudflareClient,
    limited: CloudflareClient,
    quick_sandbox: Sandbox,
    org: str,
    kind: str,
) -> None:
    jobs = await _enqueue(sandbox_context, cloudflare, org, kind)
    access = access_of(sandbox_context)
    made = [-1, quick_sandbox.world.requests.total()]
    tasks = [asyncio.create_task(attempt(sandbox_context, access, job, limited)) for job in jobs]

    async def jobs_wait() -> bool:
        await asyncio.sleep(0.1)
        made.append(quick_sandbox.world.requests.total())
        return made[1] < made[-2] == made[-1]

    try:
        await until(jobs_wait)
        assert not all(task.done() for task in tasks)
        async with asyncio.timeout(10):
            await limited.get(_ID.format(0), urgency=Urgency.NOW)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
