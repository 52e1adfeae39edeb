"""When Cloudflare is back: the jobs that waited for it go on, even if the disk is full just then."""

import asyncio

from dcvd.custom_hostnames.errors import OUTAGES
from dcvd.daemon.outage_recovery import OutageRecovery
from dcvd.errors import DiskFull, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from tests.services.views import all_jobs
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until


async def test_an_end_of_an_outage_that_cannot_be_stored_is_stored_later(
    context: Context, database: UnreliableDatabase, org: str
) -> None:
    await additions.add(context, org, "app.customer.test")
    (job,) = await all_jobs(context, org)
    assert job.kind == "register"
    await queue.fail(context, job, Retryable("Nobody there.", code="cloudflare_unavailable"), OUTAGES)
    refusals = 0

    async def refuse() -> None:
        nonlocal refusals
        refusals += 1
        raise DiskFull("The disk is full.")

    async def refused_again() -> bool:
        return refusals > 1

    async def due() -> bool:
        (job,) = await all_jobs(context, org)
        return job.next_attempt_at == context.now()

    recovery = OutageRecovery(context, pause_s=0.01)
    task = asyncio.create_task(recovery.run())
    try:
        database.before_write = refuse
        recovery.announce()
        await until(refused_again)
        assert not await due()
        database.before_write = None
        await until(due)
    finally:
        task.cancel()
        await asyncio.wait([task])
