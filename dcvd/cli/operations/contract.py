"""The operations; their results are what the API answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingView
from dcvd.api.domains.bulk_view import AddedLine
from dcvd.api.domains.view import DomainView
from dcvd.api.links.view import LinkView
from dcvd.api.members.view import MemberView
from dcvd.api.operators.view import ListedOrganizationView, OrganizationOverviewView, OrganizationView
from dcvd.api.tokens.view import TokenView, UsageView
from dcvd.api.zones.view import ZoneView
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.errors import NotFound
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.tokens.changes import TokenChanges
from dcvd.services.tokens.rights import NO_OWN_LIMITS, TokenLimits


class Operations(Protocol):
    """What an operator can do. Each method raises DcvdError; `org_id` is the id of an organization that exists."""

    async def create_organization(self, name: str) -> OrganizationView: ...

    async def list_organizations(self) -> list[ListedOrganizationView]: ...

    async def show_organization(self, org_id: str) -> OrganizationOverviewView: ...

    async def change_organization(
        self, org_id: str, *, name: str | None, quotas: Mapping[str, int | None] | None
    ) -> OrganizationOverviewView: ...

    async def suspend_organization(self, org_id: str) -> OrganizationOverviewView: ...

    async def resume_organization(self, org_id: str) -> OrganizationOverviewView: ...

    async def delete_organization(self, org_id: str, *, leave_hostnames: bool) -> OrganizationOverviewView: ...

    def export_organization(self, org_id: str) -> AsyncIterator[bytes]:
        """Yield the export, some lines at a time."""
        ...

    async def create_token(
        self,
        org_id: str,
        *,
        name: str,
        role: Role,
        expires_at: int | None,
        member_id: str | None = None,
        limits: TokenLimits = NO_OWN_LIMITS,
    ) -> TokenView: ...

    async def change_token(self, org_id: str, token_id: str, changes: TokenChanges) -> TokenView: ...

    async def rotate_token(self, org_id: str, token_id: str, *, grace_ms: int) -> TokenView: ...

    async def revoke_all_tokens(self, org_id: str) -> int: ...

    async def get_token_usage(self, org_id: str, token_id: str) -> UsageView: ...

    async def list_tokens(self, org_id: str) -> list[TokenView]: ...

    async def revoke_token(self, org_id: str, token_id: str, *, with_descendants: bool) -> None: ...

    async def invite_member(self, org_id: str, address: str, role: Role) -> MemberView: ...

    async def invite_member_again(self, org_id: str, member_id: str) -> MemberView: ...

    async def list_members(self, org_id: str) -> list[MemberView]: ...

    async def change_member(
        self, org_id: str, member_id: str, *, role: Role | None, status: MemberStatus | None
    ) -> MemberView: ...

    async def remove_member(self, org_id: str, member_id: str) -> None: ...

    async def create_link(
        self, org_id: str, *, domain: str | None, lifetime_ms: int, return_to: str | None
    ) -> LinkView:
        """Create a link for a domain, by its id or its name; with None for one that a customer has yet to name."""
        ...

    async def list_links(self, org_id: str) -> list[LinkView]: ...

    async def revoke_link(self, org_id: str, link_id: str) -> None: ...

    async def show_branding(self, org_id: str) -> BrandingView: ...

    async def change_branding(self, org_id: str, change: BrandingPatch) -> BrandingView: ...

    async def add_zone(self, org_id: str, name: str) -> ZoneView: ...

    async def list_zones(self, org_id: str) -> list[ZoneView]: ...

    async def check_zone(self, org_id: str, zone_id: str) -> ZoneView:
        """Ask DNS for a zone's record, and return the zone as it is stored afterwards."""
        ...

    async def remove_zone(self, org_id: str, zone_id: str) -> None: ...

    async def list_renewals(self) -> RenewalsView: ...

    async def move_domain(self, org_id: str, name: str) -> DomainView: ...

    def import_domains(
        self, org_id: str, requests: Sequence[DomainRequest], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[AddedLine]:
        """Import up to MAX_LINES domains, and yield their results in the same order, numbered from 1."""
        ...


async def find_organization(operations: Operations, id_or_name: str) -> ListedOrganizationView:
    """Find an organization by its id, else by its exact name. Raises NotFound."""
    organizations = await operations.list_organizations()
    for match in (
        *(organization for organization in organizations if organization.id == id_or_name),
        *(organization for organization in organizations if organization.name == id_or_name),
    ):
        return match
    raise NotFound(f"There is no organization {id_or_name!r}; `dcvd org list` shows those that exist.")
