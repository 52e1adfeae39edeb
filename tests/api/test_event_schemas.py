"""The schemas of events, which everybody may read."""

import json

import pytest
from jsonschema import Draft202012Validator

from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType
from tests.api.webhooks.owed import domain
from tests.served_app.client import Client


async def test_all_schemas_are_listed_in_the_order_of_the_catalogue_without_a_token(anybody: Client) -> None:
    answer = await anybody.get("/api/event-schemas")
    assert answer.status == 200
    listed = answer.json["eventSchemas"]
    assert [each["event"] for each in listed] == [*EventType]
    assert all(each["summary"].endswith(".") for each in listed)
    assert [each["schema"] for each in listed] == [build_event_schema(event_type) for event_type in EventType]


async def test_one_schema_is_answered_as_it_is_and_accepts_an_event_of_the_feed(anybody: Client, owner: Client) -> None:
    await domain(owner)
    (event,) = (await owner.get("/api/events")).json["events"]
    answer = await anybody.get(f"/api/event-schemas/{event['event']}")
    assert answer.headers["Content-Type"] == "application/schema+json"
    schema = json.loads(answer.body)
    Draft202012Validator(schema).validate(event)
    assert schema["title"] == "domain.added"


@pytest.mark.parametrize("name", ["domain.gone", "DOMAIN.ADDED", "*", "a" * 300])
async def test_a_type_that_is_none_is_not_found_and_the_types_are_named(anybody: Client, name: str) -> None:
    answer = await anybody.get(f"/api/event-schemas/{name}")
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert "domain.active" in answer.json["detail"]


async def test_nothing_else_can_be_done_there(anybody: Client) -> None:
    assert (await anybody.post("/api/event-schemas", {})).status == 405
    assert (await anybody.get("/api/event-schemas?limit=1")).status == 400
