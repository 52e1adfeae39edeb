"""The OpenAPI document: complete, closed where the code is, and the same as the code."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from dcvd.api.app import Api
from dcvd.api.openapi.bounds import BOUNDS
from dcvd.api.openapi.document import operations
from dcvd.api.openapi.error_codes import ERROR_CODES
from dcvd.api.openapi.examples import EXAMPLES
from dcvd.api.openapi.members import DESCRIPTIONS
from dcvd.api.openapi.members_of_types import DESCRIPTIONS_IN_TYPES

Json = dict[str, Any]

PROBLEM = "application/problem+json"
LINES = "application/x-ndjson"


def _resolve(document: Json, value: Json) -> Json:
    """What a reference stands for; anything else stands for itself."""
    if "$ref" not in value:
        return value
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found


def _objects(schema: Any, where: str) -> Iterator[tuple[str, Json]]:
    """Every schema of an object inside a schema, with its place."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield where, schema
        for name, part in schema.items():
            # What stands below "not" describes what is refused.
            if name not in ("examples", "not"):
                yield from _objects(part, f"{where}/{name}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _objects(part, f"{where}/{index}")


def _bodies(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield path, media_type, content["schema"]


def _handlers(app: Api) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            if method != "OPTIONS" and handler.resolve_include_in_schema():
                yield route.path_format, method.lower(), handler


def test_every_published_handler_is_an_operation_and_nothing_else_is(app: Api, document: Json) -> None:
    listed = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(path, method) for path, method, _ in _handlers(app)}


def test_every_operation_says_what_it_is(document: Json) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for path, operation in operations(document):
        where = operation["operationId"]
        assert where.isalnum(), where
        assert operation["summary"], where
        assert operation["description"], where
        assert len(operation["tags"]) == 1, where
        assert set(operation["tags"]) <= tags, where
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (where, parameter["name"])
            assert parameter["schema"]["type"], (where, parameter["name"])
        assert ("{" in path) is any(each["in"] == "path" for each in operation.get("parameters", ()))


def test_every_answer_has_a_schema_and_every_failure_is_a_problem(document: Json) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for _, operation in operations(document):
        for status, listed in operation["responses"].items():
            where = (operation["operationId"], status)
            response = _resolve(document, listed)
            assert response["description"], where
            if status == "204":
                assert "content" not in response, where
            elif status < "400" or where == ("getReadiness", "503"):
                assert all(content["schema"] for content in response["content"].values()), where
            else:
                assert response["content"] == {PROBLEM: {"schema": problem}}, where


def test_each_call_lists_the_failures_that_any_call_of_its_sort_can_meet(document: Json) -> None:
    for path, operation in operations(document):
        statuses = set(operation["responses"])
        assert {"400", "500"} <= statuses, path
        assert ({"401", "403", "429", "503"} <= statuses) is (operation["security"] == [{"bearer": []}]), path
        assert ("404" in statuses) >= ("{" in path), path
        assert ({"408", "413", "415"} <= statuses) is ("requestBody" in operation), path


def test_every_member_is_described_and_no_description_is_of_nothing(document: Json) -> None:
    members: set[str] = set()
    for where, schema in _objects(document["components"]["schemas"], ""):
        for name, member in schema["properties"].items():
            assert member.get("description") or "$ref" in member, (where, name)
            assert member.get("description"), (where, name)
            members |= {name, f"{where.strip('/')}.{name}"}
    for _, media_type, schema in _bodies(document):
        for where, inner in _objects(schema, media_type):
            assert all(member["description"] for member in inner["properties"].values()), where
    for table in (DESCRIPTIONS, DESCRIPTIONS_IN_TYPES, BOUNDS):
        assert set(table) <= members
    assert set(EXAMPLES) <= set(document["components"]["schemas"])


def test_the_body_of_every_request_is_closed(document: Json) -> None:
    seen = 0
    for path, media_type, schema in _bodies(document):
        for where, body in _objects(_resolve(document, schema), f"{path} {media_type}"):
            assert body["additionalProperties"] is False, where
            seen += 1
    assert seen > 15


def test_of_members_that_exclude_each_other_exactly_one_is_asked_for(document: Json) -> None:
    removal = document["paths"]["/api/domains/bulk/delete"]["post"]["requestBody"]["content"]
    whole, line = removal["application/json"]["schema"], removal[LINES]["schema"]
    assert [each["required"] for each in whole["oneOf"]] == [["domainIds"], ["domainNames"]]
    assert [each["required"] for each in line["oneOf"]] == [["domainId"], ["domainName"]]
    credentials = document["components"]["schemas"]["NewConnection"]["properties"]["credentials"]
    assert len(credentials["oneOf"]) == 6
    assert all(form["additionalProperties"] is False for form in credentials["oneOf"])


def test_what_is_refused_beyond_its_type_has_its_bounds_in_the_document(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Rotation"]["properties"]["graceSeconds"]["maximum"] == 7 * 86_400
    assert schemas["NewToken"]["properties"]["name"]["maxLength"] == 100
    assert schemas["NewWebhook"]["properties"]["events"]["minItems"] == 1
    assert schemas["NewToken"]["properties"]["expiresAt"]["anyOf"][0]["format"] == "date-time"
    assert schemas["NewDomain"]["not"]["properties"] == {"wildcard": {"const": True}, "validation": {"const": "http"}}
    assert schemas["NewExchange"]["required"] == ["provider", "code", "redirectUri"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_a_body_that_can_be_read(app: Api, name: str) -> None:
    types = {
        handler.parsed_data_field.annotation.__name__: handler.parsed_data_field.annotation
        for _, _, handler in _handlers(app)
        if handler.parsed_data_field is not None
    }
    msgspec.convert(EXAMPLES[name], types[name])
    assert len(EXAMPLES) == len(types)


def test_a_problem_lists_every_error_code(document: Json) -> None:
    code = document["components"]["schemas"]["Problem"]["properties"]["code"]
    assert _resolve(document, code["anyOf"][0])["enum"] == list(ERROR_CODES)


def test_what_is_made_is_linked_to_the_call_that_shows_it(document: Json) -> None:
    linked = {
        operation["operationId"]: set(response["links"])
        for _, operation in operations(document)
        for response in operation["responses"].values()
        if "links" in response
    }
    assert linked["createDomain"] == {"GetDomain"}
    assert linked["createLink"] == linked["createDomainLink"] == {"GetLink"}
    assert linked["createWebhook"] == {"GetWebhook"}
    assert linked["createConnection"] == {"GetConnection"}
    jobs = {"writeRecords", "undoRecords", "replayWebhook", "retryDeadDeliveries", "retryJob"}
    assert {name for name, targets in linked.items() if targets == {"GetJob"}} == jobs
    ids = {operation["operationId"] for _, operation in operations(document)}
    for _, operation in operations(document):
        for response in operation["responses"].values():
            assert {link["operationId"] for link in response.get("links", {}).values()} <= ids


def test_it_is_json_and_every_reference_leads_somewhere(document: Json) -> None:
    text = json.dumps(document)

    def follow(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert _resolve(document, value)
            for part in value.values():
                follow(part)
        elif isinstance(value, list):
            for part in value:
                follow(part)

    follow(document)
    assert "Validation Exception" not in text  # a shape of Litestar's own, which is never sent
    assert len(text) < 360_000


def test_each_call_of_a_tenant_says_which_scope_it_needs(document: Json) -> None:
    told = {
        path: operation["description"] for path, operation in operations(document) if any(operation.get("security", ()))
    }
    assert told["/api/zones/{zone_id}"].endswith("It needs the scope `domains:write`.")
    assert told["/api/webhooks/{webhook_id}/replay"].endswith("It needs the scope `deliveries:write`.")
    assert told["/api/whoami"].endswith("It needs no scope.")
    assert all("scope" in description for description in told.values())
