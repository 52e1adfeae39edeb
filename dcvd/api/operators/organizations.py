"""`/operator/organizations`: the tenants, as operators see and change them."""

from typing import Annotated, Final

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.operators.view import (
    OrganizationAnswer,
    OrganizationList,
    OverviewAnswer,
    listed_organization_view,
    organization_view,
    overview_view,
)
from dcvd.core.organizations.status import require_not_deleting
from dcvd.http.bodies.ndjson import MEDIA_TYPE as NDJSON
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.parameters import parse_flag, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.lifecycle import deregistrations
from dcvd.services.organizations.export import export_lines
from dcvd.services.organizations.overview import read_overview
from dcvd.services.organizations.registry import tag_organization
from dcvd.services.tokens import suspension
from dcvd.store.organizations.organizations import Organization

LeaveHostnames = Annotated[
    str | None,
    query_parameter(
        "leaveHostnames",
        "`true`: hostnames that Cloudflare refused to remove stay there, and hold up the deletion no longer.",
        type="boolean",
    ),
]


class NewOrganization(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: str


class OrganizationChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change: the name, and quotas by name, of which null goes back to what is configured."""

    name: str | None = None
    quotas: dict[str, int | None] | None = None


async def find_organization(request: ApiRequest, id_or_name: FromPath[str]) -> Organization:
    """Find the organization that a path names. Raises NotFound, and Conflict for a change where it is being deleted."""
    organization = await organizations.find(request.context, id_or_name)
    if request.method not in ("GET", "DELETE"):
        require_not_deleting(organization.name, organization.status)
    return organization


@post("/organizations", summary="Create an organization", status_code=201)
async def create_organization(request: ApiRequest, data: JSONBody[NewOrganization]) -> Response[OrganizationAnswer]:
    """Create an organization, which is a new tenant."""
    organization = await organizations.create(request.context, data.name)
    return Response(
        OrganizationAnswer(organization_view(organization)),
        headers={"Location": f"/operator/organizations/{organization.id}"},
    )


@get("/organizations", summary="List the organizations")
async def list_organizations(request: ApiRequest) -> OrganizationList:
    """List all organizations, sorted by name."""
    rows = await organizations.list_all(request.context)
    return OrganizationList([listed_organization_view(organization) for organization in rows])


@get("", summary="Show an organization")
async def show_organization(
    request: ApiRequest, organization: NamedDependency[Organization]
) -> Response[OverviewAnswer]:
    """Show an organization with its quotas and how much it has of each thing."""
    await request.services.token_usage.try_to_store(request.context)
    return await _show(request, organization.id)


@patch("", summary="Change an organization", dependencies=IF_MATCH)
async def change_organization(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    data: JSONBody[OrganizationChange],
    precondition: InjectedPrecondition,
) -> Response[OverviewAnswer]:
    """Rename an organization, and set some of its quotas."""
    await organizations.change(
        request.context, organization.id, name=data.name, quotas=data.quotas, precondition=precondition
    )
    return await _show(request, organization.id)


async def _show(request: ApiRequest, org_id: str) -> Response[OverviewAnswer]:
    overview = await read_overview(request.context, org_id)
    tag = tag_organization(overview.summary.organization, overview.own_quotas)
    return Response(OverviewAnswer(overview_view(overview)), headers={ETAG_HEADER: tag})


@post("/suspend", summary="Suspend an organization", status_code=200)
async def suspend_organization(request: ApiRequest, organization: NamedDependency[Organization]) -> OverviewAnswer:
    """Refuse the organization's tokens from now on. Checks of its domains and deliveries go on."""
    await suspension.suspend(request.context, organization.id)
    return OverviewAnswer(overview_view(await read_overview(request.context, organization.id)))


@post("/resume", summary="Resume an organization", status_code=200)
async def resume_organization(request: ApiRequest, organization: NamedDependency[Organization]) -> OverviewAnswer:
    """Let the organization's tokens work again."""
    await suspension.resume(request.context, organization.id)
    return OverviewAnswer(overview_view(await read_overview(request.context, organization.id)))


@delete("", summary="Delete an organization", status_code=202)
async def delete_organization(
    request: ApiRequest, organization: NamedDependency[Organization], leave_hostnames: LeaveHostnames = None
) -> OverviewAnswer:
    """Begin to delete an organization with everything of its own; its tokens are refused from now on.

    Its hostnames are removed at Cloudflare first. Ask again to try those again that Cloudflare refused to remove.
    """
    leave = parse_flag("leaveHostnames", leave_hostnames)
    await deregistrations.delete_organization(request.context, organization.id, leave_hostnames=leave)
    return OverviewAnswer(overview_view(await read_overview(request.context, organization.id)))


@post("/export", summary="Export an organization", status_code=200)
async def export_organization(request: ApiRequest, organization: NamedDependency[Organization]) -> Response[None]:
    """Export everything of an organization, one row of the database to a line of JSON; secrets are left out.

    It is a POST although it changes nothing, because observers may not have it.
    """
    return StreamingResponse(export_lines(request.context, organization.id), media_type=NDJSON)


HANDLERS_OF_ALL: Final[list[HTTPRouteHandler]] = [create_organization, list_organizations]
HANDLERS_OF_ONE: Final[list[HTTPRouteHandler]] = [
    show_organization,
    change_organization,
    suspend_organization,
    resume_organization,
    delete_organization,
    export_organization,
]
