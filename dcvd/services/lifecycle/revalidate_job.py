"""The `revalidate` job: have Cloudflare validate a domain again, with another CA where that helps."""

from typing import Final

from dcvd.core.custom_hostnames.read_only import read_only_error
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.hostname_orders import order_of
from dcvd.core.domains.observations import CloudflareHostnameAbsence
from dcvd.core.jobs import NoPayload
from dcvd.core.lifecycle import remedies
from dcvd.core.lifecycle.schedule import choose_lane
from dcvd.custom_hostnames.errors import OUTAGES
from dcvd.custom_hostnames.urgency import URGENCY_BY_LANE
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun
from dcvd.services.lifecycle import registration
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Transaction


async def perform(run: JobRun[NoPayload]) -> None:
    """Ask Cloudflare before patching: a lost answer, or Cloudflare itself, may have done what was needed.

    Raises Permanent where the hostname is only read.
    """
    context, cloudflare, job = run.context, run.services.cloudflare, run.job
    old_domain = await registration.find_domain(context, job)
    if old_domain is None or old_domain.cf_id is None:
        await queue.complete(context, job)
        return
    # What is only read may be so no more.
    if old_domain.read_only is None and not _wants_patch(context, old_domain):
        await queue.complete(context, job)
        return
    asked_at, urgency = context.now(), URGENCY_BY_LANE[choose_lane(old_domain)]
    cf_observation = await cloudflare.get(old_domain.cf_id, urgency=urgency, owner=old_domain.org_id)
    domain = await context.database.write(
        lambda tx: registration.apply_check(context, tx, job, old_domain.id, [cf_observation], asked_at)
    )
    if domain is not None and domain.read_only is not None:
        raise read_only_error(domain.name, domain.read_only)
    if isinstance(cf_observation, CloudflareHostnameAbsence) or domain is None or not _wants_patch(context, domain):
        await queue.complete(context, job)
        return
    authority = remedies.authority_for_patch(
        domain, context.certificate_authorities, chosen_authority=old_domain.certificate_authority
    )
    answer = await cloudflare.revalidate(
        cf_observation, order_of(domain), certificate_authority=authority, urgency=urgency, owner=domain.org_id
    )

    def unit(tx: Transaction) -> None:
        queue.succeed(context, tx, job)
        registration.record_observation(context, tx, job, answer)

    await context.database.write(unit)


def _wants_patch(context: Context, domain: Domain) -> bool:
    return remedies.needs_patch(domain, context.certificate_authorities)


DEFINITION: Final = JobDefinition(
    kind=REVALIDATE,
    perform=perform,
    rank=20,
    limits=JobLimits(awaited=Awaited.CLOUDFLARE, is_one_per_name=True),
    outages=OUTAGES,
)
