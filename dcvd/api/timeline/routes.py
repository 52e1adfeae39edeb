"""`/api/domains/{id}/timeline`: what happened to a domain, and why."""

from enum import StrEnum
from typing import Annotated, Final

from litestar import Response, get
from litestar.params import FromPath

from dcvd.api.timeline.view import TimelineList, timeline_entry_view
from dcvd.http.languages import TranslatedOperation, language_headers, read_language
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services import timeline


class TimelineOrder(StrEnum):
    """Which entries of a timeline come first."""

    OLDEST = "oldest"
    NEWEST = "newest"


OrderParameter = Annotated[
    str | None, query_parameter("order", "Which entries come first; `oldest` unless given.", enum=list(TimelineOrder))
]


@get("/{domain_id:str}/timeline", summary="Show what happened to a domain", operation_class=TranslatedOperation)
async def get_timeline(
    request: ApiRequest,
    domain_id: FromPath[str],
    order: OrderParameter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response[TimelineList]:
    """List every request, observed change, change of status, job and event; a cause comes before its effects.

    A removed domain keeps its timeline until retention ends. `order` has to stay the same from page to page.
    """
    page = await timeline.list_page(
        request.context,
        request.org_id,
        domain_id,
        newest_first=parse_choice("order", order, TimelineOrder) is TimelineOrder.NEWEST,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    language = read_language(request)
    entries = [timeline_entry_view(entry, language) for entry in page.items]
    return Response(TimelineList(timeline=entries, next_cursor=page.next_cursor), headers=language_headers(language))


ROUTER: Final = Router(
    "/domains", route_handlers=[get_timeline], opt={"subject": "domains", "limited": True}, tags=["Domains"]
)
