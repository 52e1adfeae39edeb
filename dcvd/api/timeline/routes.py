"""`/api/domains/{id}/timeline`: why a domain is as it is."""

from enum import StrEnum
from typing import Annotated, Final

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from dcvd.api.http.documentation import problems
from dcvd.api.http.parameters import TEXT, Cursor, Limit, parse_choice, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.api.timeline.view import TimelineList, timeline_list
from dcvd.services import timeline


class TimelineOrder(StrEnum):
    """Which end comes first."""

    OLDEST = "oldest"
    NEWEST = "newest"


OrderParameter = Annotated[
    str | None,
    QueryParameter(
        name="order",
        description="Which comes first; `oldest` unless given.",
        schema_extra={**TEXT, "enum": list(TimelineOrder)},
    ),
]


@get("/{domain_id:str}/timeline", summary="Show what happened to a domain", responses=problems(400, 404))
async def get_timeline(
    request: ApiRequest,
    domain_id: FromPath[str],
    order: OrderParameter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> TimelineList:
    """Every request, observation that changed something, change of status, job and event, causes before effects.

    Also of a domain that was removed, as long as it is kept. `order` has to stay the same from page to page.
    """
    found = await timeline.list_page(
        request.context,
        request.org_id,
        domain_id,
        newest_first=parse_choice("order", order, TimelineOrder) is TimelineOrder.NEWEST,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return timeline_list(found)


ROUTER: Final = Router("/domains", route_handlers=[get_timeline], tags=["Domains"])
