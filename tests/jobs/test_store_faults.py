"""A database that fails for a while under the worker: it is told, and every job is done."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog.testing

from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import additions
from tests.jobs.working import settled
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.unreliable_database import Fate, strike
from tests.waiting import until

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.mark.parametrize("which", [1, 2])
async def test_what_is_due_and_cannot_be_read_is_read_again_a_moment_later(
    sandbox_context: Context,
    cloudflare: CloudflareClient,
    org: str,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    which: int,
) -> None:
    await additions.add(sandbox_context, org, "first.customer.test")
    struck = strike(sandbox_context.database, "JobSelector.select", which, Fate.LOST)
    working = JobWorker(sandbox_context, cloudflare, access_of(sandbox_context), Metrics(), read_pause_s=0.02)
    task = asyncio.create_task(working.run(), name="jobs")
    try:
        await settled(sandbox_context, org)
        await additions.add(sandbox_context, org, "second.customer.test")
        await settled(sandbox_context, org)

        async def come_to_that() -> bool:
            return struck() and any(line["event"] == "jobs.not_read" for line in lines)

        await until(come_to_that)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])
        await working.pool.drain(1)
    assert [(job.state, job.attempts) for job in await all_jobs(sandbox_context, org)] == [(JobState.DONE, 1)] * 2
    assert [line["error"] for line in lines if line["event"] == "jobs.not_read"]
