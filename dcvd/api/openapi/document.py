"""The OpenAPI document of the API, as a dictionary that is ready to be encoded."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Litestar

from dcvd.api.openapi.event_bodies import build_webhooks
from dcvd.api.openapi.links import add_links
from dcvd.api.openapi.responses import HEADERS, PROBLEM_RESPONSES, add_entity_tags, add_problems
from dcvd.api.openapi.schemas import build_schemas
from dcvd.api.openapi.scopes import add_scopes

Json = dict[str, Any]


def build_document(app: Litestar) -> Json:
    """Build the document: Litestar's, with the schemas that msgspec decodes by, and with every answer."""
    document: Json = msgspec.to_builtins(app.openapi_schema.to_schema(), enc_hook=_replace_default)
    document["components"] |= {"schemas": build_schemas(app), "responses": PROBLEM_RESPONSES, "headers": HEADERS}
    for path, operation in operations(document):
        _remove_noise(operation)
        add_problems(path, operation)
    for methods in document["paths"].values():
        add_entity_tags(methods)
    add_scopes(app, document)
    add_links(document)
    document["webhooks"] = build_webhooks()
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield every operation with its path."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _replace_default(_: object) -> None:
    """Encode a struct that is the default of a body: what stands there is replaced by the schemas of msgspec."""


def _remove_noise(operation: Json) -> None:
    """Remove what says nothing: attributes at their default, and a description that stands there twice."""
    operation.pop("deprecated", None)
    for parameter in operation.get("parameters", ()):
        for name in ("deprecated", "allowEmptyValue", "allowReserved"):
            parameter.pop(name, None)
        parameter["schema"].pop("description", None)
        if parameter["in"] == "path" and not parameter.get("description"):
            parameter["description"] = f"The id of the {parameter['name'].removesuffix('_id')}."
    for response in operation["responses"].values():
        if not response.get("headers"):
            response.pop("headers", None)
