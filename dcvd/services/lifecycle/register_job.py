"""The `register` job: register a domain's hostname with Cloudflare.

A crash or a lost answer between Cloudflare's side and ours leaves a hostname that we do not know: the next create is
refused as a duplicate, and we adopt it.
"""

from typing import Final

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname, RegistrationRefusal
from dcvd.core.jobs import Job, NoPayload
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import is_duplicate
from dcvd.custom_hostnames.errors import OUTAGES, UNAVAILABLE
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun
from dcvd.services.lifecycle import registration
from dcvd.services.lifecycle.deregister_job import DEREGISTER, Deregistration
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store import domains
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)


async def perform(run: JobRun[NoPayload]) -> None:
    """Create the hostname, or adopt the one that is there."""
    context, cloudflare, job = run.context, run.services.cloudflare, run.job
    domain = await registration.find_domain(context, job)
    if domain is None or domain.cf_id is not None:
        await queue.complete(context, job)
        return
    try:
        cf_hostname = await cloudflare.create(
            domain.name, validation=domain.validation, wildcard=domain.wildcard, urgency=Urgency.SOON
        )
    except Permanent as error:
        existing_hostname = await _find_ours(run, domain, error) if is_duplicate(error) else None
        if existing_hostname is None:
            await record_refused(context, job, error)
            return
        cf_hostname = existing_hostname
    await record_registered(context, job, cf_hostname)


async def _find_ours(run: JobRun[NoPayload], domain: Domain, error: Permanent) -> CloudflareHostname | None:
    """Find the hostname that exists already, if it is ours: it has exactly this name, and no other domain holds it."""
    cf_hostname = await run.services.cloudflare.find(domain.name, urgency=Urgency.SOON)
    if cf_hostname is None:
        message = f"Cloudflare says that it has {domain.name} already, but does not list it. It is tried again."
        raise Retryable(message, code=UNAVAILABLE) from error
    holder = await registration.find_holder(run.context, cf_hostname.id)
    if holder is not None and holder.id != domain.id:
        return None
    log.info("job.hostname_adopted", domain=domain.name, domain_id=domain.id, cf_id=cf_hostname.id)
    return cf_hostname


async def record_registered(context: Context, job: Job, observation: CloudflareHostname) -> Domain | None:
    """Store that the hostname is at Cloudflare. Where its domain was removed meanwhile, enqueue its removal there.

    Raises Retryable when another domain holds that id.
    """

    def unit(tx: Transaction) -> Domain | None:
        holder = domains.find_by_cloudflare_id(tx, observation.id)
        if holder is not None and holder.id != job.domain_id:
            message = f"Cloudflare gave {job.domain_name} an id that {holder.name} has already."
            raise Retryable(message, code="cloudflare_unexpected")
        queue.succeed(context, tx, job)
        domain = registration.record_observation(context, tx, job, observation)
        if domain is None:
            # A removal in flight may have looked for the name before it was there; this one has its id.
            queue.enqueue(
                context,
                tx,
                DEREGISTER,
                Deregistration(cf_id=observation.id),
                org_id=job.org_id,
                domain_id=job.domain_id,
                domain_name=job.domain_name,
            )
        return domain

    return await context.database.write(unit)


async def record_refused(context: Context, job: Job, error: Permanent) -> None:
    """Store that Cloudflare refuses the hostname: the domain says why, the job becomes a dead letter."""

    def unit(tx: Transaction) -> None:
        registration.record_observation(context, tx, job, RegistrationRefusal(error.code, error.message))
        queue.record_failure(context, tx, job, error)

    await context.database.write(unit)


DEFINITION: Final = JobDefinition(
    kind=REGISTER,
    perform=perform,
    # Only as many as Cloudflare's budget allows: a thousand would fill every slot for an hour.
    rank=50,
    limits=JobLimits(awaited=Awaited.CLOUDFLARE, count_free=lambda services: services.cloudflare.count_free_creates()),
    outages=OUTAGES,
    record_death=registration.record_death,
)
