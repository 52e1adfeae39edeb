"""`/dashboard/operator/connections`: the connections of all organizations to DNS providers."""

from typing import Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.connections.connection import ConnectionStatus, Provider
from dcvd.http.request import ApiRequest
from dcvd.services.connections import queries
from dcvd.services.organizations.owners import pair_with_owners
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit


@get("/connections")
async def list_connections(request: ApiRequest) -> Template:
    """List connections, newest first."""
    visit, filters = open_operator_visit(request), Filters(request)
    org_id = await filters.find_organization_id()
    status, provider = filters.choose("status", ConnectionStatus), filters.choose("provider", Provider)
    page = await queries.list_all(
        request.context,
        request.services.access.usage,
        org_id,
        status=status,
        provider=provider,
        cursor=filters.cursor,
        limit=DEFAULT_LIMIT,
    )
    return visit.show(
        "operator/connections",
        {
            "rows": await pair_with_owners(request.context, page.items, lambda connection: connection.org_id),
            "statuses": [each.value for each in ConnectionStatus],
            "providers": [each.value for each in Provider],
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": any((org_id, status, provider)),
        },
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_connections]
