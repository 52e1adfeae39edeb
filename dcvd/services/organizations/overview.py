"""What an operator sees of one organization: its status, how much it may have, and how much it has."""

from collections.abc import Mapping

from msgspec import Struct

from dcvd.core.jobs import JobState
from dcvd.core.organizations.quotas import Quota, Quotas
from dcvd.core.organizations.rate_limits import RateLimits
from dcvd.services.context import Context
from dcvd.services.organizations.quotas import count_all, read_quotas
from dcvd.services.organizations.rate_limits import get_default_rate_limits
from dcvd.services.organizations.registry import require
from dcvd.services.organizations.summaries import COUNTED_UP_TO, OrganizationSummary, summarize
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs
from dcvd.store.organizations import organizations


class OrganizationOverview(Struct, frozen=True, kw_only=True):
    """How an organization stands, with its quotas and rate limits, those of them that are its own, and its counts.

    counts: how many it has of each thing that has a quota. last_sequence: how many events it has had.
    """

    summary: OrganizationSummary
    quotas: Quotas
    rates: RateLimits
    own_quotas: Mapping[str, int]
    counts: Mapping[Quota, int]
    pending_jobs: int
    last_sequence: int


async def read_overview(context: Context, org_id: str) -> OrganizationOverview:
    """Read the overview of an organization. Raises NotFound."""

    def query(snapshot: Snapshot) -> OrganizationOverview:
        own_quotas = organizations.read_quota_overrides(snapshot, org_id)
        return OrganizationOverview(
            summary=summarize(context, snapshot, require(snapshot, org_id)),
            quotas=read_quotas(context, snapshot, org_id),
            rates=get_default_rate_limits(context.config).override(own_quotas),
            own_quotas=own_quotas,
            counts=count_all(context, snapshot, org_id, COUNTED_UP_TO),
            pending_jobs=jobs.count_of_org(snapshot, org_id, JobState.PENDING, COUNTED_UP_TO),
            last_sequence=organizations.read_last_sequence(snapshot, org_id),
        )

    return await context.database.read(query)
