"""Organizations and late renewals as JSON."""

from msgspec import Struct

from dcvd.api.http.answers.instants import Instant
from dcvd.api.http.answers.views import build_view
from dcvd.core.organizations.quotas import Quota
from dcvd.core.organizations.rate_limits import Rate
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.organizations.overview import COUNTED_UP_TO, OrganizationOverview
from dcvd.store.organizations.organizations import Organization


class OrganizationView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    created_at: Instant


class ListedOrganizationView(OrganizationView, frozen=True, kw_only=True, rename="camel"):
    status: OrganizationStatus


class OrganizationOverviewView(ListedOrganizationView, frozen=True, kw_only=True, rename="camel"):
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
    dead_jobs: int
    counted_up_to: int
    events: int


class OrganizationAnswer(Struct, frozen=True):
    organization: OrganizationView


class OverviewAnswer(Struct, frozen=True):
    organization: OrganizationOverviewView


class OrganizationList(Struct, frozen=True):
    organizations: list[ListedOrganizationView]


class RenewalsAnswer(Struct, frozen=True):
    renewals: RenewalsView


def organization_view(organization: Organization) -> OrganizationView:
    """Show one organization."""
    return build_view(OrganizationView, organization)


def listed_organization_view(organization: Organization) -> ListedOrganizationView:
    """Show one of many organizations."""
    return build_view(ListedOrganizationView, organization)


def overview_view(overview: OrganizationOverview) -> OrganizationOverviewView:
    """Show one organization with what it may have and has."""
    return build_view(
        OrganizationOverviewView,
        overview.organization,
        quotas={quota.value: overview.quotas.get(quota) for quota in Quota},
        rates={rate.value: overview.rates.get(rate) for rate in Rate},
        own_quotas=dict(overview.own_quotas),
        counts={quota.value: count for quota, count in overview.counts.items()},
        pending_jobs=overview.pending_jobs,
        dead_jobs=overview.dead_jobs,
        counted_up_to=COUNTED_UP_TO,
        events=overview.last_sequence,
    )
