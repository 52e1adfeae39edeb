"""The schemas of bodies and answers, from the very types by which msgspec decodes and encodes them."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Final, get_args

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from dcvd.api.domains.bulk_view import AddedLine, RemovedLine
from dcvd.api.domains.input import NewDomain
from dcvd.api.openapi.bounds import BOUNDS, CONDITIONS
from dcvd.api.openapi.error_codes import ERROR_CODES
from dcvd.api.openapi.examples import EXAMPLES
from dcvd.api.openapi.members import DESCRIPTIONS
from dcvd.api.openapi.members_of_types import DESCRIPTIONS_IN_TYPES
from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.http.answers.problem_view import Problem
from dcvd.http.documentation import REF_TEMPLATE

_OF_NO_SIGNATURE: Final = (Problem, NewDomain, AddedLine, RemovedLine)
"""The types of problems, and those of the lines of bulk calls, which no signature names."""


def build_schemas(app: Litestar) -> dict[str, Any]:
    """Build a schema for each type in the published handlers."""
    types: set[type[Struct]] = {*_OF_NO_SIGNATURE, *(data_type for _, data_type in EVENT_DATA.values())}
    for route in app.routes:
        for handler, _ in getattr(route, "route_handler_map", {}).values():
            if handler.resolve_include_in_schema():
                types.update(_types_of(handler))
    in_order = sorted(types, key=lambda each: each.__name__)
    _, schemas = msgspec.json.schema_components(in_order, ref_template=REF_TEMPLATE)
    for name, schema in schemas.items():
        _tidy(schema)
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
        schema.update(CONDITIONS.get(name, {}))
        for member, of_member in schema.get("properties", {}).items():
            _describe(name, member, of_member)
    schemas["ErrorCode"] = {"description": "The codes that dcvd gives.", "type": "string", "enum": list(ERROR_CODES)}
    return dict(sorted(schemas.items()))


def _types_of(handler: HTTPRouteHandler) -> Iterator[type[Struct]]:
    signature = handler.parsed_fn_signature
    annotations = [signature.return_type.annotation]
    annotations += [field.annotation for name, field in signature.parameters.items() if name == "data"]
    annotations += [spec.data_container for spec in (handler.responses or {}).values()]
    for annotation in annotations:
        yield from _structs_in(annotation)


def _structs_in(annotation: Any) -> Iterator[type[Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
    for part in get_args(annotation):
        yield from _structs_in(part)


def _describe(name: str, member: str, schema: dict[str, Any]) -> None:
    """Describe a member, unless its type does."""
    key = f"{name}.{member}"
    description = DESCRIPTIONS_IN_TYPES.get(key) or schema.get("description") or DESCRIPTIONS.get(member)
    if description is not None:
        schema["description"] = description
    if BOUNDS.get(key, {}).keys() & {"anyOf", "oneOf"}:
        schema.pop("type", None)
        schema.pop("additionalProperties", None)
    schema.update(BOUNDS.get(key, {}))


def _tidy(schema: dict[str, Any]) -> None:
    """Remove titles, which repeat the name, and the indentation of docstrings."""
    schema.pop("title", None)
    if "description" in schema:
        schema["description"] = cleandoc(schema["description"])
