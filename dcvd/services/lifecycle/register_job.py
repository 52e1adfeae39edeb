"""The `register` job: register a domain's hostname with Cloudflare.

A crash or a lost answer between Cloudflare's side and ours leaves a hostname that we do not know: the next create is
refused as a duplicate, and we adopt it. It need not be ours, so one that is not as ordered is edited first, unless an
edit would destroy what it has, or an import meant it as it is. A claim whose name has its hostname already, as another
claim's, is parked: it says of itself what it would say if Cloudflare had not validated it. One that has taken a
hostname over has it edited to its own order.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.core.domains.adoption import find_read_only_reason
from dcvd.core.domains.domain import Domain, DomainErrorCode
from dcvd.core.domains.hostname_orders import describe_differences
from dcvd.core.domains.observations import (
    CloudflareHostname,
    CloudflareHostnameAbsence,
    ParkedHostname,
    RegistrationRefusal,
)
from dcvd.core.jobs import Job, NoPayload
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.errors import OUTAGES, UNEXPECTED, is_duplicate
from dcvd.errors import Permanent, RemoteError, Retryable
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun
from dcvd.services.lifecycle import hostname_assignment, registration
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER, REGISTER, Deregistration
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)


async def perform(run: JobRun[NoPayload]) -> Job | None:
    """Create the hostname, or adopt the one that is there, if it is as ordered or can be edited so.

    Returns the job where Cloudflare refused that for good, which is stored.
    """
    context, cloudflare, job = run.context, run.services.cloudflare, run.job
    domain = await registration.find_domain(context, job)
    if domain is None or domain.dormant_since is not None:
        await queue.complete(context, job)
        return None
    if domain.cf_id is not None:
        return await _edit_registered(run, domain, domain.cf_id)
    if domain.is_contested and await _is_assigned_to_another(context, domain):
        await _ask_instead_of_creating(cloudflare, domain)
        return await _park(run)
    try:
        cf_hostname = await cloudflare.create(
            domain.name,
            validation=domain.validation,
            wildcard=domain.wildcard,
            kept_settings=domain.kept_settings,
            urgency=Urgency.SOON,
            owner=domain.org_id,
        )
    except Permanent as error:
        if not is_duplicate(error):
            return await record_refused(context, job, error)
        existing_hostname = await _find_existing(cloudflare, domain, error)
        holder = await registration.find_holder(context, existing_hostname.id)
        if holder is not None and holder.id != domain.id:
            if holder.name == domain.name:
                # Another claim on the name was registered at the same time: its order is not ours to edit.
                return await _park(run)
            return await record_refused(context, job, error)
        log.info("job.hostname_adopted", domain=domain.name, domain_id=domain.id, cf_id=existing_hostname.id)
        try:
            cf_hostname = (
                existing_hostname
                if domain.awaits_adoption
                else await _edit_to_order(cloudflare, domain, existing_hostname)
            )
        except Permanent as difference:
            return await record_refused(context, job, difference)
    await record_registered(context, job, cf_hostname)
    return None


async def _is_assigned_to_another(context: Context, domain: Domain) -> bool:
    return await context.database.read(lambda snapshot: hostname_assignment.is_assigned_to_another(snapshot, domain))


async def _edit_registered(run: JobRun[NoPayload], domain: Domain, cf_id: str) -> Job | None:
    """Have a hostname that the domain has already be as ordered: its order may have been another claim's."""
    context, cloudflare, job = run.context, run.services.cloudflare, run.job
    cf_hostname = await cloudflare.get(cf_id, urgency=Urgency.SOON, owner=domain.org_id)
    if isinstance(cf_hostname, CloudflareHostnameAbsence):
        # The domain's next check finds that too, and has it registered again.
        await queue.complete(context, job)
        return None
    try:
        cf_hostname = await _edit_to_order(cloudflare, domain, cf_hostname)
    except Permanent as error:
        return await record_refused(context, job, error)
    await record_registered(context, job, cf_hostname)
    return None


async def _ask_instead_of_creating(cloudflare: CloudflareClient, domain: Domain) -> None:
    """Make one call, so that nobody tells by how long the job takes, or by an outage, that nothing is created.

    Raises what a creation would raise, with its words: the owner of the job reads them.
    """
    try:
        await cloudflare.find(domain.name, urgency=Urgency.SOON, owner=domain.org_id)
    except Permanent:
        return
    except RemoteError as error:
        error.message = error.message.replace("GET /custom_hostnames", "POST /custom_hostnames")
        raise


async def _park(run: JobRun[NoPayload]) -> Job | None:
    if await park(run.context, run.job):
        return None
    # It has taken the hostname over meanwhile, which may be ordered otherwise.
    return await perform(run)


async def park(context: Context, job: Job) -> bool:
    """End the job of a claim whose name has its hostname as another claim's; False where the claim has one."""
    return await context.database.write(lambda tx: _store_parked(context, tx, job))


def _store_parked(context: Context, tx: Transaction, job: Job) -> bool:
    claim = None if job.domain_id is None else domains.get(tx, job.domain_id)
    if claim is not None and claim.cf_id is not None:
        return False
    queue.succeed(context, tx, job)
    if claim is not None and claim.dormant_since is None:
        registration.record_observation_of(context, tx, job, claim, ParkedHostname(is_new=True))
    return True


async def _find_existing(cloudflare: CloudflareClient, domain: Domain, error: Permanent) -> CloudflareHostname:
    """Find the hostname of exactly this name that exists already, as a refused create says. Raises Retryable."""
    cf_hostname = await cloudflare.find(domain.name, urgency=Urgency.SOON, owner=domain.org_id)
    if cf_hostname is None:
        message = f"Cloudflare says that it has {domain.name} already, but does not list it. It is tried again."
        raise Retryable(message, code=UNEXPECTED) from error
    return cf_hostname


async def _edit_to_order(
    cloudflare: CloudflareClient, domain: Domain, cf_hostname: CloudflareHostname
) -> CloudflareHostname:
    """Return a hostname that is as ordered, edited where it was not; one that is only read stays as it is.

    What the hostname served before the edit is not what was ordered, so only the answer to the edit counts.

    Raises Permanent, which names the difference, where an edit does not help.
    """
    order = cloudflare.build_order(domain.name, validation=domain.validation, wildcard=domain.wildcard)
    differences = describe_differences(order, cf_hostname)
    if not differences or find_read_only_reason(cf_hostname, is_adopted=domain.read_only is not None) is not None:
        return cf_hostname
    log.info("job.hostname_edited", domain=domain.name, domain_id=domain.id, differences=differences)
    try:
        edited_hostname = await cloudflare.edit(cf_hostname, order, urgency=Urgency.SOON, owner=domain.org_id)
    except Permanent as error:
        raise _difference_error(domain, differences, f"refuses to change that: {error.message}") from error
    if isinstance(edited_hostname, CloudflareHostnameAbsence):
        message = f"Cloudflare deleted {domain.name} while it was to be adopted. It is tried again."
        raise Retryable(message, code=UNEXPECTED)
    if still_different := describe_differences(order, edited_hostname):
        raise _difference_error(domain, still_different, "does not change that when it is edited.")
    return edited_hostname


def _difference_error(domain: Domain, differences: Sequence[str], outcome: str) -> Permanent:
    found = f"{domain.name} is at Cloudflare already, but not as ordered: {'; '.join(differences)}"
    return Permanent(f"{found}. Cloudflare {outcome}", code=DomainErrorCode.HOSTNAME_DIFFERS)


async def record_registered(context: Context, job: Job, observation: CloudflareHostname) -> Domain | None:
    """Store that the hostname is at Cloudflare; None where it is not the domain's.

    Where the domain was removed or fell asleep meanwhile, another claim on the name adopts the hostname, or a job
    removes it. Raises Retryable when another domain holds that id.
    """

    def unit(tx: Transaction) -> Domain | None:
        holder = domains.find_by_cloudflare_id(tx, observation.id)
        is_rivals = holder is not None and holder.id != job.domain_id and holder.name == job.domain_name
        if is_rivals and _store_parked(context, tx, job):
            # Another claim on the name was registered at the same time.
            return None
        if holder is not None and holder.id != job.domain_id:
            message = f"Cloudflare gave {job.domain_name} an id that {holder.name} has already."
            raise Retryable(message, code=UNEXPECTED)
        queue.succeed(context, tx, job)
        claim = None if job.domain_id is None else domains.get(tx, job.domain_id)
        if claim is not None and claim.dormant_since is None:
            return registration.record_observation_of(context, tx, job, claim, observation)
        if job.domain_name is None or not hostname_assignment.assign_next(context, tx, job.domain_name):
            queue.enqueue(
                context,
                tx,
                DEREGISTER,
                Deregistration(cf_id=observation.id),
                org_id=job.org_id,
                domain_id=job.domain_id,
                domain_name=job.domain_name,
            )
        return None

    return await context.database.write(unit)


async def record_refused(context: Context, job: Job, error: Permanent) -> Job:
    """Store that Cloudflare refuses the hostname: the domain says why, the job becomes a dead letter."""

    def unit(tx: Transaction) -> Job:
        registration.record_observation(context, tx, job, RegistrationRefusal(error.code, error.message))
        return queue.record_failure(context, tx, job, error)

    return await context.database.write(unit)


DEFINITION: Final = JobDefinition(
    kind=REGISTER,
    perform=perform,
    # Only as many as Cloudflare's budget allows: a thousand would fill every slot for an hour.
    rank=50,
    limits=JobLimits(
        awaited=Awaited.CLOUDFLARE,
        is_one_per_name=True,
        count_free=lambda services: services.cloudflare.count_free_creates(),
    ),
    outages=OUTAGES,
    record_death=registration.record_death,
)
