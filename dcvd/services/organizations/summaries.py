"""How organizations stand: what they have, what of it does not work, and when they last did something."""

from itertools import islice
from typing import Final

from msgspec import Struct

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.organizations.quotas import Quota
from dcvd.core.webhooks.health import HealthState
from dcvd.services.context import Context
from dcvd.services.organizations.quotas import read_quotas
from dcvd.store import domains, events
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from dcvd.store.tokens import tokens
from dcvd.store.webhooks import delivery_history, endpoints

COUNTED_UP_TO: Final = 100_000
"""No count goes further, so that it costs some milliseconds whatever an organization has."""


class OrganizationSummary(Struct, frozen=True, kw_only=True):
    """How an organization stands.

    domain_quota: how many domains it may have; 0 is no limit. error_domains: those with the status `error`.
    last_event_at: when its newest event that is stored was made. last_request_at: when one of its tokens was last used.
    """

    organization: Organization
    domains: int
    domain_quota: int
    ready_domains: int
    error_domains: int
    failing_webhooks: int
    disabled_webhooks: int
    dead_deliveries: int
    dead_jobs: int
    last_event_at: int | None
    last_request_at: int | None


async def list_page(
    context: Context, *, search: str | None = None, cursor: str | None, limit: int
) -> Page[OrganizationSummary]:
    """List how organizations stand, by name. search: a part of the name, in whatever case, or the id."""
    after = decode_cursor(cursor)

    def query(snapshot: Snapshot) -> Page[OrganizationSummary]:
        rows = _list_behind(snapshot, search, after, limit + 1)
        page = build_page(rows, limit, [row.name for row in rows])
        return Page([summarize(context, snapshot, row) for row in page.items], page.next_cursor)

    return await context.database.read(query)


def _list_behind(snapshot: Snapshot, search: str | None, after: str | None, limit: int) -> list[Organization]:
    if not search:
        return organizations.list_page(snapshot, after=after, limit=limit)
    wanted = search.strip().casefold()
    found = (
        row for row in organizations.list_all(snapshot) if wanted in row.name.casefold() or row.id == search.strip()
    )
    return list(islice((row for row in found if after is None or row.name > after), limit))


def summarize(context: Context, snapshot: Snapshot, organization: Organization) -> OrganizationSummary:
    """Read how one organization stands."""
    org_id = organization.id
    unhealthy = endpoints.count_unhealthy(snapshot, org_id)
    return OrganizationSummary(
        organization=organization,
        domains=domains.count_of_org(snapshot, org_id, COUNTED_UP_TO),
        domain_quota=read_quotas(context, snapshot, org_id).get(Quota.DOMAINS),
        ready_domains=domains.count_ready_of_org(snapshot, org_id, COUNTED_UP_TO),
        error_domains=domains.count_of_org_with_status(snapshot, org_id, DomainStatus.ERROR, COUNTED_UP_TO),
        failing_webhooks=unhealthy.get(HealthState.FAILING, 0),
        disabled_webhooks=unhealthy.get(HealthState.DISABLED, 0),
        dead_deliveries=delivery_history.count_dead_of_org(snapshot, org_id, COUNTED_UP_TO),
        dead_jobs=jobs.count_of_org(snapshot, org_id, JobState.DEAD, COUNTED_UP_TO),
        last_event_at=events.find_last_at_of_org(snapshot, org_id),
        last_request_at=tokens.find_last_use_of_org(snapshot, org_id),
    )
