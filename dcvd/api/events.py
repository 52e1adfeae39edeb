"""`/api/events`: every event in order, whether or not its webhooks were delivered."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get
from litestar.enums import MediaType
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from msgspec import Raw, Struct

from dcvd.core.events import EventType
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.webhooks.subscriptions import ALL_EVENTS, FAMILIES, TENANT_TYPES, list_types, parse_subscription
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import Instant
from dcvd.http.bodies.presence import run_while_connected
from dcvd.http.documentation import problems, success
from dcvd.http.parameters import Limit, parse_page_limit, query_parameter
from dcvd.http.preferences import MAX_WAIT_S, parse_wait_s
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router

_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")

After = Annotated[
    str | None,
    query_parameter(
        "after",
        "The previous answer's `nextCursor`, or an event's `sequence`; absent: from the oldest stored.",
        pattern=f"^{_SEQUENCE.pattern}$",
    ),
]
Last = Annotated[
    str | None,
    query_parameter(
        "last",
        "Instead of `after`: from so many of the last events on, of whatever type; 0: only those to come.",
        type="integer",
        minimum=0,
        maximum=10**18 - 1,
    ),
]
Types = Annotated[
    list[str] | None,
    query_parameter(
        "types",
        "Only these events, or families such as `domain.*`: several with commas between them, or each in a parameter of"
        " its own.",
        type="array",
        items=Schema(type=OpenAPIType.STRING, enum=[ALL_EVENTS, *FAMILIES, *TENANT_TYPES]),
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
    """A page of events. `nextCursor` is never null: later events follow it. `hasMore`: some are there already.

    `epoch` grows when the operator restores a backup: events are numbered `epoch` * 1,000,000,000 and 1, 2, 3 … from
    then on. Where it is another than before, events may be missing: bring your systems up to date from the objects.
    """

    events: list[EventView]
    next_cursor: str
    has_more: bool
    epoch: int


class _RawEventList(Struct, frozen=True, kw_only=True, rename="camel"):
    """An `EventList` with the stored bytes of each event."""

    events: list[Raw]
    next_cursor: str
    has_more: bool
    epoch: int


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
    request: ApiRequest, after: After = None, last: Last = None, types: Types = None, limit: Limit = None
) -> Response[bytes]:
    """Read events in order and without a gap; go on after `nextCursor`.

    With `Prefer: wait=30` an answer without events comes only after 30 s, one with events as soon as there are any.
    """
    if after is not None and last is not None:
        raise InvalidInput("last", "last and after both say where to begin: give one of them.")
    wait = parse_wait_s(request.headers.getall("prefer", []))
    reading = request.services.feed.read(
        request.org_id,
        after=parse_sequence("after", after, "the previous answer's nextCursor, or an event's sequence"),
        last=parse_sequence("last", last, "a whole number, 0 for only those to come"),
        types=parse_types(types, for_operator=request.org_id == OPERATOR_ORG_ID),
        limit=parse_page_limit(limit),
        reach=request.auth.domains,
        wait_s=float(wait or 0),
    )
    page = await run_while_connected(request.receive, reading)
    answer = _RawEventList(
        events=[Raw(event.body) for event in page.events],
        next_cursor=str(page.position),
        has_more=page.has_more,
        epoch=page.epoch,
    )
    headers = {"Vary": "Prefer"}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    return Response(msgspec.json.encode(answer), media_type=MediaType.JSON, headers=headers)


def parse_types(texts: list[str] | None, *, for_operator: bool) -> list[EventType] | None:
    """Parse types and families of events; None stands for all. Raises InvalidInput.

    for_operator: those of the system are known too.
    """
    if texts is None:
        return None
    names = parse_subscription(
        [name.strip() for text in texts for name in text.split(",")],
        for_operator=for_operator,
        name_field=lambda _: "types",
    )
    return None if ALL_EVENTS in names else list_types(names)


def parse_sequence(field: str, text: str | None, expected: str) -> int | None:
    """Parse a number as long as an event's; None stays None. Raises InvalidInput, which says what is `expected`."""
    if text is None:
        return None
    if _SEQUENCE.fullmatch(text) is None:
        raise InvalidInput(field, f"{field} is {text!r}; give {expected}.")
    return int(text)


ROUTER: Final = Router(
    "/events", route_handlers=[list_events], opt={"subject": "events", "limited": True}, tags=["Events"]
)
