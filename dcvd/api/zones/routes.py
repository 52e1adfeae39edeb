"""`/api/zones`: the zones that an organization proves as a whole."""

from collections.abc import Awaitable
from typing import Final

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.zones.view import ZoneAnswer, ZoneList, zone_list, zone_view
from dcvd.core.zones.zone import Zone
from dcvd.http.documentation import problems, success
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.zones import registry


class NewZone(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The name of a zone, in Unicode or in A-labels."""

    name: str


@post("", summary="Add a zone", status_code=201, responses=problems(409))
async def create_zone(request: ApiRequest, data: JSONBody[NewZone], key: IdempotencyKey = None) -> Response[ZoneAnswer]:
    """Add a zone. Create its `record`, and all names at and below it are yours: those that you have added by then, and
    those that you add later.

    Other organizations' domains of the names that you add are removed, unless they were proved by more than a shared
    CNAME before.
    """

    def add(context: Context) -> Awaitable[Zone]:
        return registry.add(context, request.org_id, data.name)

    def respond(zone: Zone) -> Response[ZoneAnswer]:
        return Response(ZoneAnswer(zone_view(zone)), headers={"Location": f"{request.root}/zones/{zone.id}"})

    return await answer_once(request, key, add, respond)


@get("", summary="List the zones")
async def list_zones(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> ZoneList:
    """List the organization's zones, newest first."""
    page = await registry.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return zone_list(page)


@get("/{zone_id:str}", summary="Show a zone")
async def get_zone(request: ApiRequest, zone_id: FromPath[str]) -> ZoneAnswer:
    """Show a zone as of its last check."""
    return ZoneAnswer(zone_view(await registry.get(request.context, request.org_id, zone_id)))


@post(
    "/{zone_id:str}/check",
    summary="Check a zone now",
    status_code=200,
    responses=success(202, ZoneAnswer, "DNS did not answer in time; this is what is stored."),
)
async def check_zone(request: ApiRequest, zone_id: FromPath[str]) -> Response[ZoneAnswer]:
    """Ask DNS for the record, and answer with the fresh zone. A zone that had expired is looked for again.

    If DNS does not answer within 5 s, the answer is 202 with what is stored; so it is after 60 calls a minute, or while
    8 of yours run, together with those that check domains.
    """
    services = request.services
    check = await services.zones.check_now(
        request.context, request.org_id, zone_id, services.sync_limit.admit(request.org_id)
    )
    return Response(ZoneAnswer(zone_view(check.zone)), status_code=200 if check.is_fresh else 202)


@delete("/{zone_id:str}", summary="Remove a zone")
async def delete_zone(request: ApiRequest, zone_id: FromPath[str]) -> None:
    """Remove a zone. The domains that it has proved stay proved."""
    await registry.remove(request.context, request.org_id, zone_id)


ROUTER: Final = Router(
    "/zones",
    route_handlers=[create_zone, list_zones, get_zone, check_zone, delete_zone],
    opt={"subject": "domains"},
    tags=["Zones"],
)
