"""`/api/links`: links by which an organization's customers set up one domain each."""

from collections.abc import Awaitable
from typing import Annotated, Final

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from dcvd.api.links.input import NewDomainLink, NewLink
from dcvd.api.links.view import LinkAnswer, LinkList, created_link_answer, link_list, link_view
from dcvd.core.links import LinkStatus, read_lifetime_ms
from dcvd.http.documentation import BodyMayBeEmpty
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.links import creation, revocation
from dcvd.services.links.creation import CreatedLink
from dcvd.services.links.queries import LinkFilter

DomainFilter = Annotated[str | None, query_parameter("domainId", "Only those for this domain.")]
StatusFilter = Annotated[str | None, query_parameter("status", "Only with this status.", enum=list(LinkStatus))]
_DEFAULT_LINK: Final = NewLink()
_DEFAULT_DOMAIN_LINK: Final = NewDomainLink()


@post(
    "/domains/{domain_id:str}/links",
    summary="Create a link for a domain",
    status_code=201,
    operation_class=BodyMayBeEmpty,
)
async def create_domain_link(
    request: ApiRequest,
    domain_id: FromPath[str],
    data: JSONBody[NewDomainLink] = _DEFAULT_DOMAIN_LINK,
    key: IdempotencyKey = None,
) -> Response[LinkAnswer]:
    """Create a link by which a customer sets up this domain, and no other.

    Its `token` is in this answer and never again.

    The link lets them see the domain and its diagnosis, have it checked, connect their DNS provider, and have its
    records written through a connection that they made by it.
    """
    return await _answer_with_link(request, domain_id, data.expires_in, data.return_to, key)


@post("/links", summary="Create a link for a new domain", status_code=201, operation_class=BodyMayBeEmpty,
      opt={"limited": False})  # fmt: skip
async def create_link(
    request: ApiRequest, data: JSONBody[NewLink] = _DEFAULT_LINK, key: IdempotencyKey = None
) -> Response[LinkAnswer]:
    """Create a link by which a customer adds one domain, whose name they type; then it is the link for that domain.

    Its `token` is in this answer and never again.
    """
    return await _answer_with_link(request, None, data.expires_in, data.return_to, key)


@get("/links", summary="List the links")
async def list_links(
    request: ApiRequest,
    domain_id: DomainFilter = None,
    status: StatusFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> LinkList:
    """List the organization's links, newest first and without their tokens; expired ones go after some days."""
    wanted = LinkFilter(domain_id=domain_id, status=parse_choice("status", status, LinkStatus))
    page = await request.services.token_usage.list_links(
        request.context, request.org_id, wanted, cursor=cursor, limit=parse_page_limit(limit)
    )
    return link_list(page, request.context.now())


@get("/links/{link_id:str}", summary="Show a link")
async def get_link(request: ApiRequest, link_id: FromPath[str]) -> LinkAnswer:
    """Show a link, without its token."""
    link = await request.services.token_usage.get_link(request.context, request.org_id, link_id)
    return LinkAnswer(link_view(link, request.context.now()))


@delete("/links/{link_id:str}", summary="Revoke a link")
async def revoke_link(request: ApiRequest, link_id: FromPath[str]) -> None:
    """Revoke a link, which stops working at once, also in requests that are under way. What was done by it stays."""
    await revocation.revoke(request.context, request.org_id, link_id)


async def _answer_with_link(
    request: ApiRequest, domain_id: str | None, expires_in: int, return_to: str | None, key: str | None
) -> Response[LinkAnswer]:
    lifetime_ms = read_lifetime_ms(expires_in)

    def create(context: Context) -> Awaitable[CreatedLink]:
        return creation.create(
            context, request.org_id, domain_id=domain_id, lifetime_ms=lifetime_ms, return_to=return_to
        )

    def respond(created: CreatedLink) -> Response[LinkAnswer]:
        headers = {"Location": f"{request.root}/links/{created.link.id}"}
        return Response(created_link_answer(created, request.context.config.server.public_url), headers=headers)

    return await answer_once(request, key, create, respond)


ROUTER: Final = Router(
    "/",
    route_handlers=[create_domain_link, create_link, list_links, get_link, revoke_link],
    opt={"subject": "links", "limited": True},
    tags=["Links"],
)
