"""`/dashboard/operator/organizations`: the tenants, how they stand, and new ones."""

from http import HTTPStatus
from typing import Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.tokens.token import Role
from dcvd.errors import Conflict, DcvdError, InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.organizations import summaries
from dcvd.services.tokens import minting
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import Visit, open_operator_visit

_FIRST_TOKEN: Final = "first token"


@get("/organizations")
async def list_organizations(request: ApiRequest) -> Template:
    """List what each organization has, what of it does not work, and when it last did something, by name."""
    return await _show_list(open_operator_visit(request))


@post("/organizations", status_code=201)
async def create_organization(request: ApiRequest) -> Template:
    """Create an organization, and a token of an owner if that is wanted, whose plain text is on this page alone."""
    visit, form = open_operator_visit(request), await read_form(request)
    name = form.get("name", "")
    try:
        organization = await organizations.create(request.context, name)
    except InvalidInput as error:
        return await _show_list(visit, name, error, HTTPStatus.BAD_REQUEST)
    except Conflict as error:
        return await _show_list(visit, name, error, HTTPStatus.CONFLICT)
    minted = None
    if "token" in form:
        minted = await minting.create(
            request.context, organization.id, name=_FIRST_TOKEN, role=Role.OWNER, expires_at=None, member_id=None
        )
    plaintext = None if minted is None else minted.plaintext.reveal()
    context = {"found": organization, "plaintext": plaintext}
    return visit.show("operator/organization_created", context, status=HTTPStatus.CREATED)


async def _show_list(
    visit: Visit, name: str = "", fault: DcvdError | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Template:
    request = visit.request
    filters = Filters(request)
    await request.services.token_usage.try_to_store(request.context)
    page = await summaries.list_page(
        request.context, search=filters.read("search"), cursor=filters.cursor, limit=DEFAULT_LIMIT
    )
    return visit.show(
        "operator/organizations",
        {
            "summaries": page.items,
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": filters.read("search") is not None,
            "name": name,
            "fault": fault,
        },
        status=status,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_organizations, create_organization]
