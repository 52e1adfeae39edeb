"""`/operator/all/connections`: the connections of all organizations to DNS providers."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import (
    OrganizationConnectionAnswer,
    OrganizationConnectionList,
    organization_connection_view,
)
from dcvd.core.connections.connection import ConnectionStatus, Provider
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services.connections import queries
from dcvd.services.organizations.owners import find_wanted_id

StatusFilter = Annotated[str | None, query_parameter("status", "Only with this status.", enum=list(ConnectionStatus))]
ProviderFilter = Annotated[str | None, query_parameter("provider", "Only at this provider.", enum=list(Provider))]


@get("/connections", summary="List the connections of all organizations")
async def list_connections(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    status: StatusFilter = None,
    provider: ProviderFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationConnectionList:
    """List connections, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    page = await queries.list_all(
        request.context,
        request.services.access.usage,
        await find_wanted_id(request.context, organization),
        status=parse_choice("status", status, ConnectionStatus),
        provider=parse_choice("provider", provider, Provider),
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    views = await add_organizations(
        request, page.items, lambda connection: connection.org_id, organization_connection_view
    )
    return OrganizationConnectionList(connections=views, next_cursor=page.next_cursor)


@get("/connections/{connection_id:str}", summary="Show a connection of any organization")
async def show_connection(request: ApiRequest, connection_id: FromPath[str]) -> OrganizationConnectionAnswer:
    """Show whether it works, when it was last used, what went wrong last, and how many domains use it."""
    usage = request.services.access.usage
    connection, domains = await queries.get(request.context, usage, None, connection_id)
    organization = await get_reference(request, connection.org_id)
    return OrganizationConnectionAnswer(organization_connection_view(connection, organization, domains=domains))


HANDLERS: Final[list[HTTPRouteHandler]] = [list_connections, show_connection]
