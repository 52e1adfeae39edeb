"""A JSON Schema (Draft 2020-12) for the body of each type of event."""

from functools import cache
from inspect import cleandoc
from typing import Any, Final

import msgspec

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.events import EventType
from dcvd.core.webhooks.subscriptions import OPERATORS_FAMILY, family_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF_TEMPLATE: Final = "#/$defs/{name}"
_GROWTH: Final = "Members may be added at any time: tolerate those that you do not know."

JsonSchema = dict[str, Any]


@cache
def build_event_schema(event_type: EventType) -> JsonSchema:
    """Build the whole schema of one type of event. It is the same object each time: do not change it."""
    summary, data_type = EVENT_DATA[event_type]
    _, definitions = msgspec.json.schema_components([data_type], ref_template=_REF_TEMPLATE)
    for definition in definitions.values():
        del definition["title"]
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    return {
        "$schema": DIALECT,
        "$id": f"urn:dcvd:event:{event_type.value}",
        "title": event_type.value,
        "description": f"{summary} {_GROWTH}",
        **build_body_schema(event_type, _REF_TEMPLATE),
        "$defs": dict(sorted(definitions.items())),
    }


def build_body_schema(event_type: EventType, ref_template: str) -> JsonSchema:
    """Build the schema of a body alone, which refers to that of its data by `ref_template`."""
    _, data_type = EVENT_DATA[event_type]
    members = {
        "event": {"type": "string", "const": event_type.value, "description": "The type of the event."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, to the second."},
        "data": {
            "$ref": ref_template.format(name=data_type.__name__),
            "description": "What the event is about.",
            "properties": {
                "test": {
                    "const": True,
                    "description": "That this is an example, in which all is made up; absent in what has happened.",
                }
            },
        },
        "id": {"type": "string", "description": "The id of the event, as in `webhook-id`."},
        "sequence": {
            "type": "integer",
            "minimum": 0,
            "description": "Its number, counted for each organization from 1 on; 0 in an example.",
        },
    }
    if family_of(event_type) == OPERATORS_FAMILY:
        members["org_id"] = {"type": "null", "description": "It is about no organization."}
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "if": {"properties": {"data": {"required": ["test"]}}},
        "then": {"properties": {"sequence": {"const": 0}}},
        "else": {"properties": {"sequence": {"minimum": 1}}},
    }
