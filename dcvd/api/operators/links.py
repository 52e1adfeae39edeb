"""Links of an organization, as operators make, see and end them."""

from typing import Final

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.links.view import LinkAnswer, LinkList, created_link_answer, link_list
from dcvd.core.instants import SECOND
from dcvd.core.links import DEFAULT_LIFETIME_MS, read_lifetime_ms
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.links import creation, revocation
from dcvd.services.links.queries import LinkFilter
from dcvd.store.organizations.organizations import Organization


class NewOperatorLink(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A link for a domain, by its id or its name; without one, for a customer who has yet to type the name."""

    domain: str | None = None
    expires_in: int = DEFAULT_LIFETIME_MS // SECOND
    return_to: str | None = None


@post("/links", summary="Create a link for an organization", status_code=201)
async def create_link_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NewOperatorLink]
) -> Response[LinkAnswer]:
    """Create a link, whose token is in this answer and never again."""
    created = await creation.create_for_operator(
        request.context,
        organization.id,
        domain=data.domain,
        lifetime_ms=read_lifetime_ms(data.expires_in),
        return_to=data.return_to,
    )
    answer = created_link_answer(created, request.context.config.server.public_url)
    address = f"/operator/organizations/{organization.id}/links/{created.link.id}"
    return Response(answer, headers={"Location": address})


@get("/links", summary="List an organization's links")
async def list_links_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> LinkList:
    """List an organization's links, newest first and without their tokens."""
    page = await request.services.token_usage.list_links(
        request.context, organization.id, LinkFilter(), cursor=cursor, limit=parse_page_limit(limit)
    )
    return link_list(page, request.context.now())


@delete("/links/{link_id:str}", summary="Revoke an organization's link")
async def revoke_link_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], link_id: FromPath[str]
) -> None:
    """Revoke a link, which stops working at once, also in requests that are under way."""
    await revocation.revoke(request.context, organization.id, link_id)


HANDLERS: Final[list[HTTPRouteHandler]] = [
    create_link_of_organization,
    list_links_of_organization,
    revoke_link_of_organization,
]
