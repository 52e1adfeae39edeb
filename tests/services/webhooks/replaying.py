"""Replays, as their tests ask for them and bring them to their end."""

from collections.abc import Sequence

from dcvd.config import Live
from dcvd.core.events import EventType
from dcvd.core.jobs import Job, JobState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import replay_job, replays
from tests.conftest import VAULT


async def asked_for(
    context: Context,
    endpoint: Endpoint,
    status: ReplayStatus,
    *,
    types: Sequence[EventType] | None = None,
    since: int = 0,
    until: int | None = None,
) -> tuple[int, Job]:
    """What a dry run counts, and the job that would do it."""
    replay = await replays.prepare_replay(
        context, endpoint.org_id, endpoint.id, status=status, types=types, since=since, until=until
    )
    return replay.total, await replay_job.start_replay(context, endpoint.org_id, replay)


async def worked_off(context: Context, job: Job) -> Job:
    """Bring a replay to its end in small batches, reading it afresh for each batch, as after a crash."""
    while job.state is JobState.PENDING:
        await replay_job.run_next_batch(reopened(context), job, batch_size=2)
        job = await queue.get(context, job.org_id, job.id)
    return job


def reopened(context: Context) -> Context:
    """Another context of the same database, which remembers nothing."""
    return Context(
        context.database, Live(context.config), vault=VAULT, clock=context.clock, random_fraction=lambda: 0.0
    )
