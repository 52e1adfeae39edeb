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


class RecordRequest(Struct, frozen=True):
    """An organization's request about the records of one of its domains; `limit` bounds how often plans are made."""

    context: Context
    access: ProviderAccess
    limit: AdmissionLimit
    org_id: str
    domain_id: str

    async def plan_write(self, *, connection_id: str | None, replace: bool) -> DnsPlan:
        """Plan a write as far as `limit` allows. Raises what `plans.plan_write` and `limit` raise."""
        with self.limit.admit(self.org_id):
            return await plans.plan_write(
                self.context, self.access, self.org_id, self.domain_id, connection_id=connection_id, replace=replace
            )

    async def write(self, *, connection_id: str | None, replace: bool, actor: str) -> PlannedJob:
        """Plan a write and enqueue its job. Raises what `plan_write` and `plans.enqueue_write` raise."""
        plan = await self.plan_write(connection_id=connection_id, replace=replace)
        job = await plans.enqueue_write(self.context, self.org_id, self.domain_id, plan, replace=replace, actor=actor)
        return PlannedJob(plan, job)

    async def undo(self, *, actor: str) -> PlannedJob:
        """Plan an undo and enqueue its job. Raises what `plans.plan_undo`, `plans.enqueue_undo` and `limit` raise."""
        with self.limit.admit(self.org_id):
            plan = await plans.plan_undo(self.context, self.access, self.org_id, self.domain_id)
        return PlannedJob(plan, await plans.enqueue_undo(self.context, self.org_id, self.domain_id, plan, actor=actor))
