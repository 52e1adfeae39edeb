"""Replays as the worker does them: to the end, through failures and a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from msgspec import structs

from dcvd.core.events import EventType
from dcvd.core.jobs import Job, JobState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import replay_job, replays
from tests.conftest import VAULT
from tests.providing import access_of
from tests.services.webhooks.attempts import bury, due, happen, subscribed
from tests.unreliable_database import Fate, strike
from tests.waiting import until


@pytest.fixture
async def real_time(context: Context) -> Context:
    """In real time, because a worker waits by it; no job here calls Cloudflare."""
    return Context(context.database, context.live_config, vault=VAULT, random_fraction=lambda: 0.0)


@pytest.fixture
async def endpoint(real_time: Context) -> Endpoint:
    """With seven dead letters."""
    org = await organizations.create(real_time, "Acme")
    endpoint = await subscribed(real_time, org.id, EventType.DOMAIN_ACTIVE)
    await happen(real_time, org.id, *[EventType.DOMAIN_ACTIVE] * 7, domain=None)
    await bury(real_time, endpoint)
    return endpoint


@asynccontextmanager
async def _worker(context: Context, **options: Any) -> AsyncIterator[JobWorker]:
    """A worker that has not begun yet; its replays go in batches of two."""
    client = CloudflareClient(context.live_config, Metrics())
    await client.start()
    definition = structs.replace(replay_job.DEFINITION, perform=partial(replay_job.perform, batch_size=2))
    yield JobWorker(context, client, access_of(context), Metrics(), definitions=[definition], **options)
    await client.close()


async def _asked(context: Context, endpoint: Endpoint) -> Job:
    replay = await replays.prepare_replay(context, endpoint.org_id, endpoint.id, status=ReplayStatus.DEAD)
    return await replay_job.start_replay(context, endpoint.org_id, replay)


async def _ended(context: Context, worker: JobWorker, job: Job) -> Job:
    """Have the worker work until the job has ended."""
    task = asyncio.create_task(worker.run())

    async def ended() -> bool:
        return (await queue.get(context, job.org_id, job.id)).state is not JobState.PENDING

    try:
        await until(ended)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
    return await queue.get(context, job.org_id, job.id)


async def test_a_replay_is_brought_to_its_end_batch_by_batch(real_time: Context, endpoint: Endpoint) -> None:
    async with _worker(real_time) as worker:
        job = await _ended(real_time, worker, await _asked(real_time, endpoint))
    assert (job.kind, job.state, job.attempts) == ("replay", JobState.DONE, 1)
    replay = replay_job.REPLAY.decode_payload(job)
    # The last batch finds nothing more, and says how far it came by being done.
    assert replay.progress == replay.total == 7
    assert len(await due(real_time, endpoint)) == 7


@pytest.mark.parametrize("which", [1, 2, 3, 4, 5])
@pytest.mark.sampled(3)
async def test_a_replay_that_fails_in_the_middle_goes_on_from_there(
    real_time: Context, endpoint: Endpoint, which: int
) -> None:
    job = await _asked(real_time, endpoint)
    struck = strike(real_time.database, "run_next_batch", which, Fate.LOST)
    async with _worker(real_time, cool_down_s=0.01) as worker:
        done = await _ended(real_time, worker, job)
    assert struck()
    # A batch that was made twice would find nothing the second time, and count less.
    assert replay_job.REPLAY.decode_payload(done).progress == 7
    assert (done.state, done.attempts, done.last_error_code) == (JobState.DONE, 1, "store_failed")
    assert len(await due(real_time, endpoint)) == 7


async def test_a_replay_that_a_crash_cut_off_goes_on_at_the_next_start(real_time: Context, endpoint: Endpoint) -> None:
    job = await _asked(real_time, endpoint)
    await replay_job.run_next_batch(real_time, job, batch_size=2)
    assert len(await due(real_time, endpoint)) == 2
    async with _worker(real_time) as worker:
        done = await _ended(real_time, worker, job)
    assert replay_job.REPLAY.decode_payload(done).progress == 7
    assert len(await due(real_time, endpoint)) == 7
