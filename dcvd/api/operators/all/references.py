"""Whose the items of a list are, and the filter by which a list is of one organization alone."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from msgspec import Struct

from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.http.parameters import query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.organizations.owners import pair_with_owners

OrganizationFilter = Annotated[
    str | None, query_parameter("organization", "Only of this organization, by its id or name.")
]
T = TypeVar("T")
V = TypeVar("V", bound=Struct)


async def add_organizations(
    request: ApiRequest,
    items: Sequence[T],
    org_id_of: Callable[[T], str],
    build: Callable[[T, OrganizationReference], V],
) -> list[V]:
    """Build the view of each item with its organization. One whose organization was deleted meanwhile is left out."""
    paired = await pair_with_owners(request.context, items, org_id_of)
    return [build(item, OrganizationReference(owner.id, owner.name)) for item, owner in paired]


async def get_reference(request: ApiRequest, org_id: str) -> OrganizationReference:
    """Get the organization of one object. Raises NotFound where it was deleted meanwhile."""
    return OrganizationReference(org_id, (await organizations.find(request.context, org_id)).name)
