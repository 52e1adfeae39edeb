"""Replays as the worker does them: to the end, through failures and a restart."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dcvd.core.events import EventType
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import DiskFull
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import replays
from tests.conftest import VAULT
from tests.providing import access_of
from tests.services.webhooks.attempts import bury, due, happen, subscribed
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


@pytest.fixture
async def worker(real_time: Context) -> AsyncIterator[JobWorker]:
    """A worker that has not begun yet."""
    client = CloudflareClient(real_time.live_config, Metrics())
    await client.start()
    yield JobWorker(real_time, client, access_of(real_time), Metrics())
    await client.close()


async def _asked(context: Context, endpoint: Endpoint) -> Job:
    replay = await replays.prepare_replay(context, endpoint.org_id, endpoint.id, status=ReplayStatus.FAILED)
    return await replays.start_replay(context, endpoint.org_id, replay)


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


async def test_a_replay_is_brought_to_its_end_batch_by_batch(
    real_time: Context, endpoint: Endpoint, worker: JobWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_BATCH_SIZE", 2)
    job = await _ended(real_time, worker, await _asked(real_time, endpoint))
    assert (job.kind, job.state, job.attempts) == (JobKind.REPLAY, JobState.DONE, 1)
    assert job.replay is not None
    # The last batch finds nothing more, and says how far it came by being done.
    assert job.replay.progress == job.replay.total == 7
    assert len(await due(real_time, endpoint)) == 7


async def test_a_replay_that_fails_in_the_middle_goes_on_from_there(
    real_time: Context, endpoint: Endpoint, worker: JobWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_BATCH_SIZE", 2)
    job = await _asked(real_time, endpoint)
    progress: list[int] = []
    go_on = replays.run_next_batch

    async def fragile(context: Context, going: Job) -> Job | None:
        stored = (await queue.get(context, going.org_id, going.id)).replay
        assert stored is not None
        progress.append(stored.progress)
        if len(progress) == 3:
            raise DiskFull("The disk is full.")
        return await go_on(context, going)

    monkeypatch.setattr(replays, "run_next_batch", fragile)
    # After a fault of its own a loop rests.
    monkeypatch.setattr(worker._loop, "_cool_down_s", 0.01)
    done = await _ended(real_time, worker, job)
    assert progress == [0, 2, 4, 4, 6, 7]
    assert (done.state, done.attempts, done.last_error_code) == (JobState.DONE, 2, "internal_error")


async def test_a_replay_that_a_crash_cut_off_goes_on_at_the_next_start(
    real_time: Context, endpoint: Endpoint, worker: JobWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_BATCH_SIZE", 2)
    job = await _asked(real_time, endpoint)
    await replays.run_next_batch(real_time, job)
    assert len(await due(real_time, endpoint)) == 2
    done = await _ended(real_time, worker, job)
    assert done.replay is not None
    assert done.replay.progress == 7
    assert len(await due(real_time, endpoint)) == 7
