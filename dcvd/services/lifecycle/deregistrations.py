"""The deletion of an organization, which deregistrations that became dead letters hold up."""

from typing import Final

from dcvd.core.jobs import JobState
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.services.tokens import suspension
from dcvd.store.jobs import jobs

_BATCH_SIZE: Final = 200


async def delete_organization(context: Context, org_id: str, *, leave_hostnames: bool) -> None:
    """Have an organization deleted with everything of its own, whose hostnames are removed at Cloudflare first.

    Where that has begun already, what Cloudflare refused to remove is tried again. leave_hostnames: it stays there, and
    holds up the deletion no longer. Raises NotFound.
    """
    await suspension.begin_deletion(context, org_id)
    await (forget_dead if leave_hostnames else retry_dead)(context, org_id)


async def retry_dead(context: Context, org_id: str) -> int:
    """Try the dead deregistrations of an organization again; return how many."""
    ids = await context.database.read(
        lambda snapshot: jobs.list_ids_of_kind(snapshot, org_id, DEREGISTER.name, JobState.DEAD)
    )
    for job_id in ids:
        await queue.retry(context, org_id, job_id)
    return len(ids)


async def forget_dead(context: Context, org_id: str) -> int:
    """Forget the dead deregistrations of an organization, whose hostnames stay at Cloudflare; return how many."""
    total = 0
    while True:
        count = await context.database.write(
            lambda tx: jobs.delete_of_kind(tx, org_id, DEREGISTER.name, JobState.DEAD, _BATCH_SIZE)
        )
        total += count
        if count < _BATCH_SIZE:
            return total
