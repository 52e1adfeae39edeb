"""Perform each kind of job, and recover from answers of Cloudflare's that were lost.

A crash or a lost answer between Cloudflare's side and ours leaves either a hostname that we do not know (the next
create is refused as a duplicate, and we adopt it), or one that is removed already (which a removal takes for success).
"""

from typing import assert_never

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle import remedies
from dcvd.core.timeline import job_actor
from dcvd.custom_hostnames.client import CloudflareClient, is_duplicate
from dcvd.custom_hostnames.errors import UNAVAILABLE
from dcvd.errors import NotConfigured, NotFound, Permanent, Retryable, Unauthorized
from dcvd.services.connections import reauth
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks, registration
from dcvd.services.records import writes
from dcvd.services.webhooks import replays

log = structlog.get_logger(__name__)


async def perform(context: Context, cloudflare: CloudflareClient, access: ProviderAccess, job: Job) -> None:
    """Perform a job and store its end. Raises RemoteError when this try failed."""
    match job.kind:
        case JobKind.REGISTER:
            await _register(context, cloudflare, job)
        case JobKind.DEREGISTER:
            await _deregister(context, cloudflare, job)
        case JobKind.REVALIDATE:
            await _revalidate(context, cloudflare, job)
        case JobKind.REPLAY:
            await _replay(context, job)
        case JobKind.REFRESH_TOKEN:
            await _refresh(context, access, job)
        case JobKind.WRITE_DNS:
            await writes.perform(context, access, job)
        case _:
            assert_never(job.kind)


async def _replay(context: Context, job: Job) -> None:
    """Run a replay batch by batch, each with its progress: after a crash it goes on from there."""
    pending_job: Job | None = job
    while pending_job is not None:
        pending_job = await replays.run_next_batch(context, pending_job)


async def _register(context: Context, cloudflare: CloudflareClient, job: Job) -> None:
    domain = await registration.find_domain(context, job)
    if domain is None or domain.cf_id is not None:
        await registration.complete_without_change(context, job)
        return
    try:
        cf_hostname = await cloudflare.create(domain.name, validation=domain.validation, wildcard=domain.wildcard)
    except Permanent as error:
        if not is_duplicate(error):
            await registration.record_refused(context, job, error)
            return
        existing_hostname = await _adopt(context, cloudflare, job, domain, error)
        if existing_hostname is None:
            return
        cf_hostname = existing_hostname
    await registration.record_registered(context, job, cf_hostname)


async def _adopt(
    context: Context, cloudflare: CloudflareClient, job: Job, domain: Domain, error: Permanent
) -> CloudflareHostname | None:
    """Find the hostname that exists already, if it is ours: it has exactly this name, and no other domain holds it."""
    cf_hostname = await cloudflare.find(domain.name)
    if cf_hostname is None:
        message = f"Cloudflare says that it has {domain.name} already, but does not list it. It is tried again."
        raise Retryable(message, code=UNAVAILABLE) from error
    holder = await registration.find_holder(context, cf_hostname.id)
    if holder is not None and holder.id != domain.id:
        await registration.record_refused(context, job, error)
        return None
    log.info("job.hostname_adopted", domain=domain.name, domain_id=domain.id, cf_id=cf_hostname.id)
    return cf_hostname


async def _deregister(context: Context, cloudflare: CloudflareClient, job: Job) -> None:
    cf_id = job.cf_id
    if cf_id is None and job.domain_name is not None:
        # The domain was removed before we learned the id, but the create may have succeeded.
        cf_hostname = await cloudflare.find(job.domain_name)
        cf_id = cf_hostname.id if cf_hostname is not None else None
    if cf_id is not None and await registration.find_holder(context, cf_id) is None:
        await cloudflare.delete(cf_id)
    await registration.complete_without_change(context, job)


async def _revalidate(context: Context, cloudflare: CloudflareClient, job: Job) -> None:
    """Ask Cloudflare before patching: a lost answer, or Cloudflare itself, may have done what was needed."""
    old_domain = await registration.find_domain(context, job)
    if old_domain is None or old_domain.cf_id is None or not _wants_patch(context, old_domain):
        await registration.complete_without_change(context, job)
        return
    asked_at = context.now()
    cf_observation = await cloudflare.get(old_domain.cf_id)
    domain = await checks.record(context, old_domain.id, [cf_observation], asked_at=asked_at, actor=job_actor(job.id))
    if isinstance(cf_observation, CloudflareHostnameAbsence) or domain is None or not _wants_patch(context, domain):
        await registration.complete_without_change(context, job)
        return
    authority = remedies.authority_for_patch(
        domain, context.rules.certificate_authorities, chosen_authority=old_domain.certificate_authority
    )
    await registration.record_revalidated(
        context, job, await cloudflare.revalidate(cf_observation, certificate_authority=authority)
    )


async def _refresh(context: Context, access: ProviderAccess, job: Job) -> None:
    if job.connection_id is not None:
        try:
            await access.refresh_if_due(job.org_id, job.connection_id)
        except NotFound:
            log.info("job.connection_gone", job_id=job.id, connection_id=job.connection_id)
        except NotConfigured as error:
            raise Retryable(error.message, code=error.code) from error
        except Unauthorized as error:
            if error.code != reauth.REAUTH_REQUIRED:
                raise
            # The connection's owner was informed, and only they can help.
            log.info("job.connection_refused", job_id=job.id, connection_id=job.connection_id)
    await registration.complete_without_change(context, job)


def _wants_patch(context: Context, domain: Domain) -> bool:
    return remedies.needs_patch(domain, context.rules.certificate_authorities)
