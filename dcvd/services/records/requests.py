"""Write a domain's records, or undo that, because its organization asks for it: first the plan, then the job."""

from msgspec import Struct

from dcvd.core.jobs import Job
from dcvd.core.records.plan import DnsPlan
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.records import plans


class PlannedJob(Struct, frozen=True):
    """A plan, and the job that carries it out."""

    plan: DnsPlan
    job: Job


async def plan_write(
    context: Context,
    access: ProviderAccess,
    limit: AdmissionLimit,
    org_id: str,
    domain_id: str,
    *,
    connection_id: str | None,
    replace: bool,
) -> DnsPlan:
    """Plan a write as far as `limit` allows. Raises what `plans.plan_write` and `limit` raise."""
    with limit.admit(org_id):
        return await plans.plan_write(context, access, org_id, domain_id, connection_id=connection_id, replace=replace)


async def write(
    context: Context,
    access: ProviderAccess,
    limit: AdmissionLimit,
    org_id: str,
    domain_id: str,
    *,
    connection_id: str | None,
    replace: bool,
    actor: str,
) -> PlannedJob:
    """Plan a write and enqueue its job. Raises what `plan_write` and `plans.enqueue_write` raise."""
    plan = await plan_write(context, access, limit, org_id, domain_id, connection_id=connection_id, replace=replace)
    return PlannedJob(plan, await plans.enqueue_write(context, org_id, domain_id, plan, replace=replace, actor=actor))


async def undo(
    context: Context, access: ProviderAccess, limit: AdmissionLimit, org_id: str, domain_id: str, *, actor: str
) -> PlannedJob:
    """Plan an undo and enqueue its job. Raises what `plans.plan_undo`, `plans.enqueue_undo` and `limit` raise."""
    with limit.admit(org_id):
        plan = await plans.plan_undo(context, access, org_id, domain_id)
    return PlannedJob(plan, await plans.enqueue_undo(context, org_id, domain_id, plan, actor=actor))
