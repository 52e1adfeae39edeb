"""docs/events.md, made of the types of the events' data."""

from typing import Any, Final

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType
from tests.docs.markdown import ROOT

PATH: Final = ROOT / "docs" / "events.md"

_HEAD: Final = """\
# Events, field by field

<!-- `python -m tests.docs` writes this page from dcvd/core/event_schemas. -->

[Webhooks](webhooks.md#what-arrives) shows the members that every event has. This page has those of `data`.
`GET /api/event-schemas/{type}` answers with the JSON Schema (Draft 2020-12) of a whole body, without a token.
`GET /api/event-schemas` has all of them, and `dcvd event-schema domain.active` prints one.
`data` of an example has `test` besides, which is true; see [a test of your receiver](webhooks.md#test-your-receiver).
Tolerate members and codes that you do not know: more may come with any version. Instants are in RFC 3339, in UTC.
"""


def render() -> str:
    """Write the page."""
    schemas = {event_type: build_event_schema(event_type) for event_type in EventType}
    parts = [_HEAD, *(_describe_event(event_type, schema) for event_type, schema in schemas.items())]
    definitions = {name: each for schema in schemas.values() for name, each in schema["$defs"].items()}
    data_names = {data_type.__name__ for _, data_type in EVENT_DATA.values()}
    for name, definition in sorted(definitions.items()):
        if name not in data_names and "properties" in definition:
            parts.append(f"\n## {name}\n\n{definition['description']}\n\n{_table(definition, definitions)}")
    return "".join(parts)


def _describe_event(event_type: EventType, schema: dict[str, Any]) -> str:
    summary, data_type = EVENT_DATA[event_type]
    definitions = schema["$defs"]
    return f"\n## {event_type.value}\n\n{summary}\n\n{_table(definitions[data_type.__name__], definitions)}"


def _table(definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {_type(member, definitions)} | {member['description']} |\n"
        for name, member in definition["properties"].items()
    ]
    return "| member | type | meaning |\n|---|---|---|\n" + "".join(rows)


def _type(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(each, definitions) for each in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _type(definitions[name], definitions) if "enum" in definitions[name] else f"[{name}](#{name.lower()})"
    if "enum" in schema:
        values = sorted(schema["enum"])
        return "a type of event" if values == sorted(EventType) else ", ".join(f"`{value}`" for value in values)
    if schema["type"] == "array":
        return f"list of {_type(schema['items'], definitions)}"
    if schema["type"] == "object":
        return f"object of {_type(schema['additionalProperties'], definitions)}"
    if schema.get("format") == "date-time":
        return "instant"
    return {"string": "text", "integer": "integer", "boolean": "true or false", "null": "null"}[schema["type"]]
