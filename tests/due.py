"""The due jobs of a kind, in the order in which a worker takes them."""

from typing import Any

from dcvd.core.jobs import Job, JobKind
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import due_jobs, due_times
from dcvd.store.jobs.due_jobs import BusySubjects


async def list_due(context: Context, kind: JobKind[Any], limit: int = 100) -> list[Job]:
    """The first of them as they are due now; none ends meanwhile."""
    await context.database.write(lambda tx: due_times.make_ready(tx, context.now()))

    def query(snapshot: Snapshot) -> list[Job]:
        found: list[Job] = []
        while len(found) < limit:
            busy = BusySubjects(job_ids=[job.id for job in found])
            job = due_jobs.find_next(snapshot, kind.name, busy, waits_for=kind.waits_for)
            if job is None:
                break
            found.append(job)
        return found

    return await context.database.read(query)
