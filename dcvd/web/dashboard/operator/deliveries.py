"""`/dashboard/operator/deliveries`: the deliveries to the endpoints of all organizations."""

from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.http.parameters import parse_event_types
from dcvd.http.request import ApiRequest
from dcvd.services.domains import names
from dcvd.services.organizations.owners import pair_with_owners
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.services.webhooks import dead_letters, delivery_history
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.store.engine.transactions import Topic
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit
from dcvd.web.pages.live import answer_changes

_MAX_ENDPOINTS: Final = 20


@get("/deliveries")
async def list_deliveries(request: ApiRequest) -> Template:
    """List deliveries, newest first, and above them which endpoints have the most dead letters."""
    visit, filters = open_operator_visit(request), Filters(request)
    context, org_id = request.context, await filters.find_organization_id()
    domain, event = filters.read("domain"), filters.read("event")
    wanted = DeliveryFilters(
        endpoint_id=filters.read("webhook"),
        status=filters.choose("status", DeliveryStatus),
        event_types=None if event is None else parse_event_types("event", [event]),
        domain_id=None if domain is None else await names.find_id(context, domain, org_id=org_id),
        request_id=filters.read("request"),
    )
    page = await delivery_history.list_page(context, org_id, wanted, cursor=filters.cursor, limit=DEFAULT_LIMIT)
    most = [] if visit.is_partial else await dead_letters.list_with_most(context, _MAX_ENDPOINTS)
    return visit.show(
        "operator/deliveries",
        {
            "rows": await pair_with_owners(context, page.items, lambda summary: summary.delivery.org_id),
            "dead_letters": await pair_with_owners(context, most, lambda endpoint: endpoint.org_id),
            "statuses": [each.value for each in DeliveryStatus],
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": org_id is not None or wanted != DeliveryFilters(),
        },
    )


@get_changes("/deliveries/changes")
async def tell_changes(request: ApiRequest) -> Response[Any]:
    """Tell an open list of each change of a delivery."""
    return answer_changes(request, Topic.DELIVERY_LISTS, ANY_ORGANIZATION)


HANDLERS: Final[list[HTTPRouteHandler]] = [list_deliveries, tell_changes]
