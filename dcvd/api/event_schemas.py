"""`/api/event-schemas`: what the bodies of events are, as JSON Schemas, for everybody."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter
from msgspec import Meta, Struct

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType
from dcvd.errors import NotFound
from dcvd.http.documentation import problems
from dcvd.http.router import Router

_MEDIA_TYPE: Final = "application/schema+json"

EventTypeInPath = Annotated[
    str, PathParameter(description="The type of the event.", schema_extra={"enum": [each.value for each in EventType]})
]


class EventSchemaView(Struct, frozen=True, kw_only=True):
    """A type of event: what it says, and the JSON Schema (Draft 2020-12) of its whole body."""

    event: Annotated[EventType, Meta(description="The type.")]
    summary: Annotated[str, Meta(description="What such an event says.")]
    schema: Annotated[dict[str, Any], Meta(description="The JSON Schema of its body.")]


class EventSchemaList(Struct, frozen=True, kw_only=True, rename="camel"):
    """All types of events, in the order of a domain's life."""

    event_schemas: Annotated[list[EventSchemaView], Meta(description="One for each type.")]


@get("", summary="List the schemas of events", security=[{}])
async def list_event_schemas() -> EventSchemaList:
    """List every type of event with the JSON Schema of its body. This needs no authentication."""
    return EventSchemaList(
        event_schemas=[
            EventSchemaView(event=event_type, summary=EVENT_DATA[event_type][0], schema=build_event_schema(event_type))
            for event_type in EventType
        ]
    )


@get(
    "/{event_type:str}",
    summary="Show the schema of an event",
    security=[{}],
    responses={
        200: ResponseSpec(
            data_container=dict[str, Any],
            media_type=_MEDIA_TYPE,
            description="A JSON Schema (Draft 2020-12).",
            generate_examples=False,
        ),
        **problems(404),
    },
)
async def get_event_schema(event_type: EventTypeInPath) -> Response[bytes]:
    """Show the JSON Schema of one type of event, to be given to a validator as it is. This needs no authentication."""
    try:
        schema = build_event_schema(EventType(event_type))
    except ValueError as error:
        message = f"There is no event {event_type!r}; the events are: {', '.join(EventType)}."
        raise NotFound(message) from error
    return Response(msgspec.json.encode(schema), media_type=_MEDIA_TYPE)


ROUTER: Final = Router("/api/event-schemas", route_handlers=[list_event_schemas, get_event_schema], tags=["Events"])
