"""Dead jobs of all organizations by their causes: what one fault ended is tried again together."""

from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.jobs import Cause, Job, JobState
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.services.context import Context
from dcvd.services.jobs.queue import make_due
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import dead_jobs, jobs

log = structlog.get_logger(__name__)

COUNTED_UP_TO: Final = 10_000
MAX_REQUEUED: Final = 5_000
"""So many are requeued by one call, which takes some seconds then."""
_BATCH_SIZE: Final = 100


class DeadJobs(Struct, frozen=True, kw_only=True):
    """The dead jobs of one cause. count: how many there are, up to COUNTED_UP_TO. latest: the newest of them."""

    cause: Cause
    count: int
    latest: Job


async def list_by_cause(context: Context) -> list[DeadJobs]:
    """List the causes of dead jobs, the one with most of them first."""

    def query(snapshot: Snapshot) -> list[DeadJobs]:
        return [
            DeadJobs(cause=cause, count=dead_jobs.count_of_cause(snapshot, cause, COUNTED_UP_TO), latest=latest)
            for cause in dead_jobs.list_causes(snapshot)
            for latest in dead_jobs.list_of_cause(snapshot, cause, before=None, limit=1)
        ]

    return sorted(await context.database.read(query), key=lambda each: (-each.count, each.cause))


async def requeue(context: Context, cause: Cause, *, limit: int = MAX_REQUEUED) -> int:
    """Try the dead jobs of a cause again, up to `limit` of them, the oldest first; return how many.

    Each gets all its attempts again. Only those are tried that are dead now: one that dies again meanwhile stays dead.
    """
    ids = await context.database.read(lambda snapshot: dead_jobs.list_ids_of_cause(snapshot, cause, limit))

    def unit(tx: Transaction, batch: list[str]) -> int:
        found = [job for job_id in batch if (job := jobs.get(tx, job_id)) is not None and _has_cause(job, cause)]
        for job in found:
            make_due(context, tx, job, actor=OPERATOR_ACTOR)
        return len(found)

    total = 0
    for start in range(0, len(ids), _BATCH_SIZE):
        batch = ids[start : start + _BATCH_SIZE]
        total += await context.database.write(lambda tx, batch=batch: unit(tx, batch))  # type: ignore[misc]
    log.info("jobs.requeued", kind=cause.kind, code=cause.code, jobs=total)
    return total


def _has_cause(job: Job, cause: Cause) -> bool:
    return job.state is JobState.DEAD and (job.kind, job.last_error_code) == (cause.kind, cause.code)
