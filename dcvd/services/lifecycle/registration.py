"""What the jobs at Cloudflare have in common: finding their domain, and recording what Cloudflare answered."""

from collections.abc import Sequence

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareObservation
from dcvd.core.jobs import Job
from dcvd.core.lifecycle import remedies
from dcvd.core.timeline import job_actor
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction


async def find_holder(context: Context, cf_id: str) -> Domain | None:
    """Find the live domain that holds a custom hostname."""
    return await context.database.read(lambda snapshot: domains.find_by_cloudflare_id(snapshot, cf_id))


async def find_domain(context: Context, job: Job) -> Domain | None:
    """Find the domain that a job works on; None when it was removed."""
    domain_id = job.domain_id
    if domain_id is None:
        return None
    return await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))


def record_observation(
    context: Context, tx: Transaction, job: Job, observation: CloudflareObservation
) -> Domain | None:
    """Record what Cloudflare answered a job about its domain; None when the domain was removed."""
    domain = None if job.domain_id is None else domains.get(tx, job.domain_id)
    return None if domain is None else record_observation_of(context, tx, job, domain, observation)


def record_observation_of(
    context: Context, tx: Transaction, job: Job, domain: Domain, observation: CloudflareObservation
) -> Domain | None:
    """Like `record_observation`, of a domain that the unit of work has just read."""
    if domain.remedies_applied:
        domain = remedies.restart_remedy_wait(domain, context.now())
        domains.update(tx, domain)
    return checks.apply(
        context, tx, DomainCheck(domain.id, [observation], is_by_job=True), actor=job_actor(job.id), stored=domain
    )


def record_death(context: Context, tx: Transaction, job: Job) -> None:
    """Have its domain checked by what is stored: nobody registers it any more, as `checks.apply` then finds."""
    if job.domain_id is not None:
        apply_check(context, tx, job, job.domain_id, [])


def apply_check(
    context: Context,
    tx: Transaction,
    job: Job,
    domain_id: str,
    observations: Sequence[CloudflareObservation],
    asked_at: int | None = None,
) -> Domain | None:
    """Like `checks.apply`, for what a job observed by the way."""
    check = DomainCheck(domain_id, observations, asked_at, is_by_job=True)
    return checks.apply(context, tx, check, actor=job_actor(job.id))
