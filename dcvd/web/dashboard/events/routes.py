"""`/dashboard/events`: the events of an organization, live, and one of them with what became of it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from msgspec import Struct

from dcvd.core.events import Event, EventType
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.subscriptions import FAMILIES, TENANT_TYPES, list_types, parse_subscription
from dcvd.errors import Conflict, DcvdError, InvalidInput, NotFound
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.domains import names
from dcvd.services.events import lists
from dcvd.services.events.lists import EventFilters
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.event_replays import replay_event
from dcvd.store.engine.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.events.view import view_event
from dcvd.web.dashboard.live import answer_list_changes, get_changes
from dcvd.web.dashboard.navigation import DELIVERIES, EVENTS, WEBHOOKS
from dcvd.web.dashboard.objects import find_places
from dcvd.web.dashboard.visit import Visit, open_visit

_SEND: Final = {**DELIVERIES, "limited": False}
"""As a replay by the API, which concerns an endpoint of the whole organization."""


class _Chosen(Struct, frozen=True):
    """What the filters were given: a type or a family, and a domain by its name or id."""

    type: str
    domain: str

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.type or self.domain)


@get("/")
async def show_events(request: ApiRequest) -> Template:
    """Show the events, newest first."""
    visit = await open_visit(request)
    query = request.query_params
    chosen = _Chosen(query.get("type", ""), query.get("domain", "").strip())
    page = Page[Event]([], None)
    fault: InvalidInput | None = None
    try:
        filters = await _read_filters(request, chosen)
        page = await lists.list_newest(request.context, filters, cursor=query.get("cursor"), limit=DEFAULT_LIMIT)
    except NotFound:
        pass  # as for a domain that the caller may not know of
    except InvalidInput as error:
        if error.field != "domain":
            raise
        fault = error
    language = visit.look.language
    return visit.show(
        "events/list",
        {
            "events": [view_event(event, language) for event in page.items],
            "next_url": visit.link_next(page.next_cursor),
            "types": [(name, name) for name in (*FAMILIES, *TENANT_TYPES)],
            "chosen": chosen,
            "fault": fault,
            "is_live": "cursor" not in query and fault is None,
            "places": await find_places(visit, (event.domain_id for event in page.items)),
        },
        status=HTTPStatus.OK if fault is None else HTTPStatus.BAD_REQUEST,
    )


@get_changes("/changes")
async def follow_events(request: ApiRequest) -> Response[Any]:
    """Tell an open page of new events."""
    return answer_list_changes(request, Topic.EVENTS)


@get_changes("/deliveries/changes", opt=DELIVERIES)
async def follow_deliveries(request: ApiRequest) -> Response[Any]:
    """Tell an open page of one event of changes of any delivery."""
    return answer_list_changes(request, Topic.DELIVERY_LISTS)


@get("/{event_id:str}")
async def show_event(request: ApiRequest, event_id: FromPath[str]) -> Template:
    """Show one event, to which endpoints it went, and where it can be sent again."""
    return await _show_one(await open_visit(request), event_id)


@post("/{event_id:str}/send", status_code=200, opt=_SEND)
async def send_event(request: ApiRequest, event_id: FromPath[str]) -> Response[Any] | Template:
    """Send an event to an endpoint again."""
    visit = await open_visit(request)
    endpoint_id = (await read_form(request)).get("webhook", "")
    try:
        await lists.get(request.context, request.org_id, event_id)
        if not endpoint_id:
            raise InvalidInput("webhook", word("webhook_not_chosen"))
        await replay_event(request.context, request.org_id, event_id, endpoint_id)
    except (InvalidInput, NotFound, Conflict) as error:
        return await _show_one(visit, event_id, fault=error, chosen=endpoint_id)
    return visit.go_to(f"/events/{event_id}", done="done_event_sent")


async def _show_one(visit: Visit, event_id: str, *, fault: DcvdError | None = None, chosen: str = "") -> Template:
    request = visit.request
    event = await lists.get(request.context, request.org_id, event_id)
    may_see_deliveries, may_send = visit.may(DELIVERIES), visit.may(_SEND, "POST") and visit.may(WEBHOOKS)
    receivers = []
    if visit.may(WEBHOOKS):
        page = await endpoints.list_page(request.context, request.org_id, cursor=None, limit=MAX_LIMIT)
        receivers = [(endpoint.id, endpoint.name or endpoint.url) for endpoint in page.items]
    return visit.show(
        "events/event",
        {
            "event": view_event(event, visit.look.language),
            "deliveries": (
                await delivery_history.list_of_event(request.context, event_id) if may_see_deliveries else []
            ),
            "receivers": receivers if may_send else [],
            "receiver_names": dict(receivers),
            "may_see_deliveries": may_see_deliveries,
            "places": await find_places(visit, [event.domain_id]),
            "fault": fault,
            "chosen": chosen,
        },
        status=_choose_status(fault),
        place=None if fault is None else f"/events/{event_id}",
    )


def _choose_status(fault: DcvdError | None) -> HTTPStatus:
    match fault:
        case None:
            return HTTPStatus.OK
        case Conflict():
            return HTTPStatus.CONFLICT
        case _:
            return HTTPStatus.BAD_REQUEST


async def _read_filters(request: ApiRequest, chosen: _Chosen) -> EventFilters:
    """Raises InvalidInput, NotFound for a domain's name that nobody of the organization has."""
    types: Sequence[EventType] | None = None
    if chosen.type:
        types = list_types(parse_subscription([chosen.type], name_field=lambda _: "type"))
    domain_id = None
    if chosen.domain:
        domain_id = await names.find_id(request.context, chosen.domain, org_id=request.org_id)
    return EventFilters(org_id=request.org_id, types=types, domain_id=domain_id)


ROUTERS: Final = (
    Router(
        "/events",
        route_handlers=[show_events, follow_events, follow_deliveries, show_event, send_event],
        opt=EVENTS,
    ),
)
