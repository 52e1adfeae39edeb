"""Organizations and late renewals as JSON."""

from msgspec import Struct
from msgspec.structs import asdict

from dcvd.core.instants import to_rfc3339
from dcvd.core.organizations.quotas import Quota
from dcvd.core.organizations.rate_limits import Rate
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.core.system.overview import SystemOverview
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.organizations.overview import OrganizationOverview
from dcvd.services.organizations.summaries import COUNTED_UP_TO, OrganizationSummary
from dcvd.store.organizations.organizations import Organization


class OrganizationView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    created_at: Instant


class ListedOrganizationView(OrganizationView, frozen=True, kw_only=True, rename="camel"):
    status: OrganizationStatus


class OrganizationSummaryView(ListedOrganizationView, frozen=True, kw_only=True, rename="camel"):
    """How an organization stands. Each count goes up to `countedUpTo`.

    `errorDomains`: those with the status `error`. `lastEventAt`: when its newest event that is stored was made;
    `lastRequestAt`: when a token of its own was last used.
    """

    domains: int
    ready_domains: int
    error_domains: int
    failing_webhooks: int
    disabled_webhooks: int
    dead_deliveries: int
    dead_jobs: int
    last_event_at: Instant | None
    last_request_at: Instant | None
    counted_up_to: int


class OrganizationOverviewView(OrganizationSummaryView, frozen=True, kw_only=True, rename="camel"):
    """An organization with what it may have and has.

    `quotas` and `rates`, by the names of the configuration: those that hold. `ownQuotas`: those of both that are not as
    configured for all. `counts`: how many it has of each thing that has a quota; like the jobs they are counted up to
    `countedUpTo`. `events`: how many it has had.
    """

    quotas: dict[str, int]
    rates: dict[str, int]
    own_quotas: dict[str, int]
    counts: dict[str, int]
    pending_jobs: int
    events: int


class OrganizationAnswer(Struct, frozen=True):
    organization: OrganizationView


class OverviewAnswer(Struct, frozen=True):
    organization: OrganizationOverviewView


class OrganizationList(Struct, frozen=True):
    organizations: list[ListedOrganizationView]


class OrganizationSummaryList(Struct, frozen=True, kw_only=True, rename="camel"):
    organizations: list[OrganizationSummaryView]
    next_cursor: str | None


class RenewalsAnswer(Struct, frozen=True):
    renewals: RenewalsView


class StatusAnswer(Struct, frozen=True):
    status: SystemOverview


def organization_view(organization: Organization) -> OrganizationView:
    """Show one organization."""
    return build_view(OrganizationView, organization)


def listed_organization_view(organization: Organization) -> ListedOrganizationView:
    """Show one of many organizations."""
    return build_view(ListedOrganizationView, organization)


def summary_view(summary: OrganizationSummary) -> OrganizationSummaryView:
    """Show how one organization stands."""
    organization = summary.organization
    return build_view(
        OrganizationSummaryView,
        summary,
        id=organization.id,
        name=organization.name,
        created_at=to_rfc3339(organization.created_at),
        status=organization.status,
        counted_up_to=COUNTED_UP_TO,
    )


def overview_view(overview: OrganizationOverview) -> OrganizationOverviewView:
    """Show one organization with what it may have and has."""
    return OrganizationOverviewView(
        **asdict(summary_view(overview.summary)),
        quotas={quota.value: overview.quotas.get(quota) for quota in Quota},
        rates={rate.value: overview.rates.get(rate) for rate in Rate},
        own_quotas=dict(overview.own_quotas),
        counts={quota.value: count for quota, count in overview.counts.items()},
        pending_jobs=overview.pending_jobs,
        events=overview.last_sequence,
    )
