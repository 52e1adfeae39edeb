"""Bulk calls in the OpenAPI document: a body of JSON or of lines, and an answer of the same kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar.enums import MediaType
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from dcvd.core.domains.bulk import MAX_LINES, MAX_LINES_AT_ONCE
from dcvd.http.bodies import ndjson

_DRY_RUN: Final = Schema(type=OpenAPIType.BOOLEAN, default=False, description="Only say what would be done.")
_REMOVE_RECORDS: Final = Schema(
    type=OpenAPIType.BOOLEAN,
    default=False,
    description="Also remove from DNS the records that were written through a connection.",
)
_NEW_DOMAIN: Final = Reference(ref="#/components/schemas/NewDomain")
_DOMAIN_TO_REMOVE: Final = Schema(
    one_of=[
        Schema(type=OpenAPIType.OBJECT, properties={name: text}, required=[name], additional_properties=False)
        for name, text in (
            ("domainId", Schema(type=OpenAPIType.STRING, description="The id of the domain.")),
            ("domainName", Schema(type=OpenAPIType.STRING, description="The hostname.")),
        )
    ],
    description="Give one of the two.",
)


@dataclass
class BulkOperation(Operation):
    """Documents the body of a bulk call, which Litestar cannot derive from the handler."""

    def _document_body(self, json_schema: Schema, line_schema: Schema | Reference, result_component: str) -> None:
        line_format = f"one to a line, up to {MAX_LINES:,} of them, done as they come and answered a line each."
        self.request_body = RequestBody(
            content={
                MediaType.JSON.value: OpenAPIMediaType(schema=json_schema),
                ndjson.MEDIA_TYPE: OpenAPIMediaType(schema=line_schema),
            },
            description=f"JSON with up to {MAX_LINES_AT_ONCE:,} domains. As {ndjson.MEDIA_TYPE}: {line_format}",
            required=True,
        )
        response = (self.responses or {})["200"]
        assert isinstance(response, OpenAPIResponse), "Litestar documents the answer of 200"
        result = Reference(ref=f"#/components/schemas/{result_component}")
        response.content = {**(response.content or {}), ndjson.MEDIA_TYPE: OpenAPIMediaType(schema=result)}


@dataclass
class BulkAdditionOperation(BulkOperation):
    """Documents a call that adds domains."""

    def __post_init__(self) -> None:
        domains = Schema(
            type=OpenAPIType.ARRAY, items=_NEW_DOMAIN, max_items=MAX_LINES_AT_ONCE, description="The domains."
        )
        self._document_body(_object_schema({"domains": domains}, required=["domains"]), _NEW_DOMAIN, "AddedLine")


@dataclass
class BulkRemovalOperation(BulkOperation):
    """Documents a call that removes domains."""

    def __post_init__(self) -> None:
        selections = [
            _object_schema({name: _text_list(text), "removeRecords": _REMOVE_RECORDS}, required=[name])
            for name, text in (("domainIds", "The ids of the domains."), ("domainNames", "The hostnames."))
        ]
        json_schema = Schema(one_of=selections, description="Either ids or names.")
        self._document_body(json_schema, _DOMAIN_TO_REMOVE, "RemovedLine")


def _text_list(description: str) -> Schema:
    texts = Schema(type=OpenAPIType.STRING)
    return Schema(type=OpenAPIType.ARRAY, items=texts, max_items=MAX_LINES_AT_ONCE, description=description)


def _object_schema(members: Mapping[str, Schema], *, required: list[str]) -> Schema:
    return Schema(
        type=OpenAPIType.OBJECT,
        properties={**members, "dryRun": _DRY_RUN},
        required=required,
        additional_properties=False,
    )
