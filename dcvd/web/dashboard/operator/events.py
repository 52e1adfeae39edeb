"""`/dashboard/operator/events`: the events of all organizations."""

from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.events import read_domain_name
from dcvd.core.webhooks.subscriptions import FAMILIES, TENANT_TYPES, list_types, parse_subscription
from dcvd.http.request import ApiRequest
from dcvd.services.domains import names
from dcvd.services.events import lists
from dcvd.services.events.lists import EventFilters
from dcvd.services.organizations.owners import pair_with_owners
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.objects import find_domain_places
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit
from dcvd.web.pages.live import answer_changes


@get("/events")
async def list_events(request: ApiRequest) -> Template:
    """List events, newest first."""
    visit, filters = open_operator_visit(request), Filters(request)
    context, org_id = request.context, await filters.find_organization_id()
    domain, event_type = filters.read("domain"), filters.read("type")
    wanted = EventFilters(
        org_id=org_id,
        types=None if event_type is None else list_types(parse_subscription([event_type], for_operator=False)),
        domain_id=None if domain is None else await names.find_id(context, domain, org_id=org_id),
    )
    page = await lists.list_newest(context, wanted, cursor=filters.cursor, limit=DEFAULT_LIMIT)
    rows = [(event, read_domain_name(event.body)) for event in page.items]
    return visit.show(
        "operator/events",
        {
            "places": await find_domain_places(visit, (event.domain_id for event in page.items)),
            "rows": await pair_with_owners(context, rows, lambda row: row[0].org_id),
            "types": [*FAMILIES, *(each.value for each in TENANT_TYPES)],
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": wanted != EventFilters(),
        },
    )


@get_changes("/events/changes")
async def tell_changes(request: ApiRequest) -> Response[Any]:
    """Tell an open list of each new event."""
    return answer_changes(request, Topic.EVENTS, ANY_ORGANIZATION)


HANDLERS: Final[list[HTTPRouteHandler]] = [list_events, tell_changes]
