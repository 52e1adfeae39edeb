"""A worker at work, and domains that a test looks at when it wants to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.waiting import until


@pytest.fixture
async def worker(sandbox_context: Context, cloudflare: CloudflareClient) -> AsyncIterator[None]:
    """A worker at work."""
    worker = JobWorker(sandbox_context, cloudflare, access_of(sandbox_context), Metrics())
    task = asyncio.create_task(worker.run())
    yield
    task.cancel()
    await asyncio.wait([task])
    await worker.pool.drain(1)


async def settled(context: Context, org: str) -> None:
    """Until no job is pending."""

    async def nothing_pending() -> bool:
        return all(job.state is not JobState.PENDING for job in await all_jobs(context, org))

    await until(nothing_pending)
