"""Organizations and late renewals as JSON."""

from msgspec import Struct

from dcvd.api.http.instants import Instant
from dcvd.api.http.views import build_view
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.store.organizations import Organization


class OrganizationView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    name: str
    created_at: Instant


class OrganizationAnswer(Struct, frozen=True):
    organization: OrganizationView


class OrganizationList(Struct, frozen=True):
    organizations: list[OrganizationView]


class RenewalsAnswer(Struct, frozen=True):
    renewals: RenewalsView


def organization_view(organization: Organization) -> OrganizationView:
    """Show one organization."""
    return build_view(OrganizationView, organization)
