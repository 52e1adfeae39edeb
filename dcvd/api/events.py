"""`/api/events`: every event in order, whether or not its webhooks were delivered."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, Router, get
from litestar.enums import MediaType
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from msgspec import Raw, Struct

from dcvd.api.http.answers.instants import Instant
from dcvd.api.http.bodies.presence import run_while_connected
from dcvd.api.http.documentation import problems, success
from dcvd.api.http.parameters import EVENT_TYPES, Limit, parse_event_types, parse_page_limit, query_parameter
from dcvd.api.http.preferences import MAX_WAIT_S, parse_wait_s
from dcvd.api.http.request import ApiRequest
from dcvd.core.events import EventType
from dcvd.errors import InvalidInput

_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")

After = Annotated[
    str | None,
    query_parameter(
        "after",
        "The previous answer's `nextCursor`, or an event's `sequence`; absent: from the oldest stored.",
        pattern=f"^{_SEQUENCE.pattern}$",
    ),
]
Types = Annotated[
    list[str] | None,
    query_parameter(
        "types",
        "Only these events: several with commas between them, or each in a parameter of its own.",
        **EVENT_TYPES,
    ),
]


class EventView(Struct, frozen=True, kw_only=True):
    """An event, byte for byte as its webhooks carry it; `data` depends on the event."""

    event: EventType
    timestamp: Instant
    data: dict[str, Any]
    id: str
    sequence: int


class EventList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of events. `nextCursor` is never null: later events follow it. `hasMore`: some are there already."""

    events: list[EventView]
    next_cursor: str
    has_more: bool


class _RawEventList(Struct, frozen=True, kw_only=True, rename="camel"):
    """An `EventList` with the stored bytes of each event."""

    events: list[Raw]
    next_cursor: str
    has_more: bool


@dataclass
class _WaitableOperation(Operation):
    """Documents the header `Prefer`, which the handler reads by itself: Litestar would pass on one of its values."""

    def __post_init__(self) -> None:
        description = f"`wait=30`: seconds to wait for an event if there is none yet, {MAX_WAIT_S} at most (RFC 7240)."
        schema = Schema(type=OpenAPIType.STRING)
        prefer = Parameter(name="Prefer", param_in="header", description=description, schema=schema)
        self.parameters = [*(self.parameters or []), prefer]


@get(
    "",
    summary="Read the events",
    operation_class=_WaitableOperation,
    responses={**success(200, EventList, "The events, in order."), **problems(410)},
)
async def list_events(
    request: ApiRequest, after: After = None, types: Types = None, limit: Limit = None
) -> Response[bytes]:
    """Read events in order and without a gap; go on after `nextCursor`.

    With `Prefer: wait=30` an answer without events comes only after 30 s, one with events as soon as there are any.
    """
    wait = parse_wait_s(request.headers.getall("prefer", []))
    reading = request.services.feed.read(
        request.org_id,
        after=_parse_sequence(after),
        types=parse_event_types("types", types),
        limit=parse_page_limit(limit),
        reach=request.auth.domains,
        wait_s=float(wait or 0),
    )
    page = await run_while_connected(request.receive, reading)
    answer = _RawEventList(
        events=[Raw(event.body) for event in page.events], next_cursor=str(page.position), has_more=page.has_more
    )
    headers = {"Vary": "Prefer"}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    return Response(msgspec.json.encode(answer), media_type=MediaType.JSON, headers=headers)


def _parse_sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if _SEQUENCE.fullmatch(text) is None:
        message = f"after is {text!r}; give the previous answer's nextCursor, or an event's sequence."
        raise InvalidInput("after", message)
    return int(text)


ROUTER: Final = Router(
    "/events", route_handlers=[list_events], opt={"subject": "events", "limited": True}, tags=["Events"]
)
