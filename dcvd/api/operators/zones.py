"""Zones of an organization, as operators add, check and remove them."""

from typing import Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from dcvd.api.zones.routes import NewZone
from dcvd.api.zones.view import ZoneAnswer, ZoneList, zone_list, zone_view
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.zones import registry
from dcvd.store.organizations.organizations import Organization


@post("/zones", summary="Add a zone to an organization", status_code=201)
async def add_zone_to_organization(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NewZone]
) -> Response[ZoneAnswer]:
    """Add a zone, whose record is in the answer."""
    zone = await registry.add(request.context, organization.id, data.name)
    address = f"/operator/organizations/{organization.id}/zones/{zone.id}"
    return Response(ZoneAnswer(zone_view(zone)), headers={"Location": address})


@get("/zones", summary="List an organization's zones")
async def list_zones_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> ZoneList:
    """List an organization's zones, newest first."""
    page = await registry.list_page(request.context, organization.id, cursor=cursor, limit=parse_page_limit(limit))
    return zone_list(page)


@post("/zones/{zone_id:str}/check", summary="Check an organization's zone now", status_code=200)
async def check_zone_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], zone_id: FromPath[str]
) -> Response[ZoneAnswer]:
    """Ask DNS for the zone's record; 202 with what is stored if that takes too long."""
    services, org_id = request.services, organization.id
    check = await services.zones.check_now(request.context, org_id, zone_id, services.sync_limit.admit(org_id))
    return Response(ZoneAnswer(zone_view(check.zone)), status_code=200 if check.is_fresh else 202)


@delete("/zones/{zone_id:str}", summary="Remove an organization's zone")
async def remove_zone_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], zone_id: FromPath[str]
) -> None:
    """Remove a zone, which another organization can prove then. The domains that it has proved stay proved."""
    await registry.remove(request.context, organization.id, zone_id)


HANDLERS: Final[list[HTTPRouteHandler]] = [
    add_zone_to_organization,
    list_zones_of_organization,
    check_zone_of_organization,
    remove_zone_of_organization,
]
