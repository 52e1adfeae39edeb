"""Store the results of the jobs at Cloudflare: a job's end and what it changed are one transaction."""

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname, CloudflareObservation, RegistrationRefusal
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle import remedies
from dcvd.core.timeline import job_actor
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.database import Transaction


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
        domain = _record_observation(context, tx, job, observation)
        if domain is None:
            # A removal in flight may have looked for the name before it was there; this one has its id.
            queue.enqueue(
                context,
                tx,
                JobKind.DEREGISTER,
                org_id=job.org_id,
                domain_id=job.domain_id,
                domain_name=job.domain_name,
                cf_id=observation.id,
            )
        return domain

    return await context.database.write(unit)


async def record_refused(context: Context, job: Job, error: Permanent) -> None:
    """Store that Cloudflare refuses the hostname: the domain says why, the job becomes a dead letter."""

    def unit(tx: Transaction) -> None:
        _record_observation(context, tx, job, RegistrationRefusal(error.code, error.message))
        queue.record_failure(context, tx, job, error)

    await context.database.write(unit)


async def record_revalidated(context: Context, job: Job, observation: CloudflareObservation) -> Domain | None:
    """Store Cloudflare's answer to a request to validate again, and end the job."""

    def unit(tx: Transaction) -> Domain | None:
        queue.succeed(context, tx, job)
        return _record_observation(context, tx, job, observation)

    return await context.database.write(unit)


async def complete_without_change(context: Context, job: Job) -> None:
    """End a job whose work was done already, or is not wanted any more."""
    await context.database.write(lambda tx: queue.succeed(context, tx, job))


async def find_holder(context: Context, cf_id: str) -> Domain | None:
    """Find the live domain that holds a custom hostname."""
    return await context.database.read(lambda snapshot: domains.find_by_cloudflare_id(snapshot, cf_id))


async def find_domain(context: Context, job: Job) -> Domain | None:
    """Find the domain that a job works on; None when it was removed."""
    domain_id = job.domain_id
    if domain_id is None:
        return None
    return await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))


def _record_observation(
    context: Context, tx: Transaction, job: Job, observation: CloudflareObservation
) -> Domain | None:
    domain = None if job.domain_id is None else domains.get(tx, job.domain_id)
    if domain is None:
        return None
    if domain.remedies_applied:
        domains.update(tx, remedies.restart_remedy_wait(domain, context.now()))
    return checks.apply(context, tx, domain.id, [observation], actor=job_actor(job.id))
