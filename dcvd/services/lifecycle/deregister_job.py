"""The `deregister` job: remove the hostname of a removed domain at Cloudflare.

Where the answer to an earlier attempt was lost, the hostname is removed already, which Cloudflare reports as a success.
"""

from typing import Final

from dcvd.core.jobs import Job
from dcvd.custom_hostnames.errors import OUTAGES
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun
from dcvd.services.lifecycle import registration
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER, Deregistration
from dcvd.store import left_hostnames
from dcvd.store.engine.transactions import Transaction


async def perform(run: JobRun[Deregistration]) -> None:
    """Remove the hostname, unless a domain holds it again."""
    cloudflare, cf_id = run.services.cloudflare, run.payload.cf_id
    if cf_id is None and run.job.domain_name is not None:
        # The create may have succeeded without our learning of it.
        cf_hostname = await cloudflare.find(run.job.domain_name, owner=run.job.org_id)
        cf_id = cf_hostname.id if cf_hostname is not None else None
    if cf_id is not None and await registration.find_holder(run.context, cf_id) is None:
        await cloudflare.delete(cf_id, owner=run.job.org_id)
    await queue.complete(run.context, run.job)


def record_death(context: Context, tx: Transaction, job: Job) -> None:
    """Store that the hostname stays at Cloudflare, until somebody has the job tried again."""
    cf_id = DEREGISTER.decode_payload(job).cf_id
    if cf_id is not None:
        left_hostnames.insert_all(tx, job.org_id, [cf_id], context.now())


DEFINITION: Final = JobDefinition(
    kind=DEREGISTER,
    perform=perform,
    rank=40,
    # Half of the slots: a hundred thousand removals at once take hours, and additions go on meanwhile.
    limits=JobLimits(share=1 / 2, share_per_org=1 / 4, awaited=Awaited.CLOUDFLARE, is_one_per_name=True),
    outages=OUTAGES,
    record_death=record_death,
)
