"""`/operator/all/events`: the events of all organizations, from new to old, or as they are committed."""

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.events import Types, parse_sequence, parse_types
from dcvd.api.operators.all.deliveries import DomainFilter
from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import (
    FollowedEvents,
    OrganizationEvent,
    OrganizationEventAnswer,
    OrganizationEventList,
    organization_event_view,
)
from dcvd.api.webhooks.delivery_filters import Since
from dcvd.api.webhooks.delivery_view import delivery_view
from dcvd.core.events import Event
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import parse_instant
from dcvd.http.bodies.presence import run_while_connected
from dcvd.http.parameters import Cursor, Limit, parse_page_limit, query_parameter
from dcvd.http.preferences import parse_wait_s
from dcvd.http.request import ApiRequest
from dcvd.services.domains import names
from dcvd.services.events import across_organizations, lists
from dcvd.services.events.lists import EventFilters
from dcvd.services.organizations.owners import find_wanted_id
from dcvd.services.webhooks import delivery_history

After = Annotated[str | None, query_parameter("after", "The previous answer's `nextCursor`.")]
Last = Annotated[
    str | None,
    query_parameter("last", "Instead of `after`: from so many of the last events that match on.", type="integer"),
]


@get("/events", summary="List the events of all organizations")
async def list_events(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    types: Types = None,
    domain: DomainFilter = None,
    since: Since = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationEventList:
    """List events, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    filters = await _read_filters(request, organization, types, domain, since)
    page = await lists.list_newest(request.context, filters, cursor=cursor, limit=parse_page_limit(limit))
    return OrganizationEventList(events=await _show_all(request, page.items), next_cursor=page.next_cursor)


@get("/events/follow", summary="Follow the events of all organizations")
async def follow_events(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    types: Types = None,
    domain: DomainFilter = None,
    after: After = None,
    last: Last = None,
    limit: Limit = None,
) -> Response[FollowedEvents]:
    """Read the events after a cursor in the order in which they were committed; without one, only those to come.

    With `Prefer: wait=30` an answer without events comes only after 30 s, one with events as soon as there are any.
    An event may come again where the one at which a cursor stands has gone; its `id` tells.
    """
    if after is not None and last is not None:
        raise InvalidInput("last", "last and after both say where to begin: give one of them.")
    filters = await _read_filters(request, organization, types, domain, None)
    wait = parse_wait_s(request.headers.getall("prefer", []))
    reading = across_organizations.follow(
        request.context,
        request.services.feed.waiters,
        filters,
        after=after,
        last=parse_sequence("last", last, "a whole number, 0 for only those to come") or 0,
        limit=parse_page_limit(limit),
        wait_s=float(wait or 0),
    )
    page = await run_while_connected(request.receive, reading)
    answer = FollowedEvents(
        events=await _show_all(request, page.events), next_cursor=page.cursor, has_more=page.has_more
    )
    headers = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    return Response(answer, headers={"Vary": "Prefer", **headers})


@get("/events/{event_id:str}", summary="Show an event of any organization")
async def show_event(request: ApiRequest, event_id: FromPath[str]) -> OrganizationEventAnswer:
    """Show an event, and how its deliveries stand."""
    event = await across_organizations.get(request.context, event_id)
    deliveries = await delivery_history.list_of_event(request.context, event_id)
    view = organization_event_view(event, await get_reference(request, event.org_id))
    return OrganizationEventAnswer(view, [delivery_view(summary) for summary in deliveries])


async def _read_filters(
    request: ApiRequest, organization: str | None, types: list[str] | None, domain: str | None, since: str | None
) -> EventFilters:
    org_id = await find_wanted_id(request.context, organization)
    return EventFilters(
        org_id=org_id,
        types=parse_types(types, for_operator=False),
        domain_id=None if domain is None else await names.find_id(request.context, domain, org_id=org_id),
        since=parse_instant("since", since),
    )


async def _show_all(request: ApiRequest, events: list[Event]) -> list[OrganizationEvent]:
    return await add_organizations(request, events, lambda event: event.org_id, organization_event_view)


HANDLERS: Final[list[HTTPRouteHandler]] = [list_events, follow_events, show_event]
