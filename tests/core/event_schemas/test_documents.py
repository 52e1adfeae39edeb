"""The JSON Schemas of events: what they accept is what dcvd sends, and what they refuse is not."""

import json
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import fields

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import DIALECT, build_event_schema
from dcvd.core.event_schemas.examples import draft_example
from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from tests.core.builders import NOW
from tests.examples import examples
from tests.stored_events import MADE_UP, StoredEvents, find_faults, find_schema_faults


def events(event_type: EventType) -> st.SearchStrategy[dict[str, Any]]:
    """Any event of a type, with all of its members."""
    return _whole(EVENT_DATA[event_type][1]).map(lambda data: body_of(event_type, data))


def body_of(event_type: EventType, data: Struct) -> dict[str, Any]:
    draft = EventDraft(event_type, msgspec.to_builtins(data))
    org_id = UNSET if event_type in TENANT_TYPES else None
    body: dict[str, Any] = json.loads(build_body(draft, event_id="evt_1", sequence=1, now=NOW, org_id=org_id))
    return body


def _whole(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, without members that are absent."""
    if get_origin(annotation) is Annotated:
        return _whole(get_args(annotation)[0])
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        return st.one_of([_whole(each) for each in get_args(annotation) if each is not UnsetType])
    if get_origin(annotation) is list:
        return st.lists(_whole(get_args(annotation)[0]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        hints = get_type_hints(annotation, include_extras=True)
        return st.builds(annotation, **{name: _whole(hints[name]) for name in annotation.__struct_fields__})
    found: st.SearchStrategy[Any] = st.from_type(annotation)
    return found


@pytest.mark.parametrize("event_type", EventType)
def test_each_schema_is_one_of_draft_2020_12_and_describes_every_member(event_type: EventType) -> None:
    schema = build_event_schema(event_type)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["title"] == schema["properties"]["event"]["const"] == event_type
    data = schema["$defs"][schema["properties"]["data"]["$ref"].rpartition("/")[2]]
    assert set(data["properties"]) == {field.encode_name for field in fields(EVENT_DATA[event_type][1])}
    for definition in (schema, *schema["$defs"].values()):
        assert definition["description"]
        for name, member in definition.get("properties", {}).items():
            assert "description" in member or "$ref" in member, name


@pytest.mark.parametrize("event_type", EventType)
@examples(0.2)
@given(drawn=st.data())
def test_an_event_of_these_types_is_accepted_and_none_that_lacks_a_required_member_or_has_another_type(
    event_type: EventType, drawn: st.DataObject
) -> None:
    event = drawn.draw(events(event_type))
    assert find_schema_faults(event) == find_faults(event) == []
    assert find_schema_faults({**event, "new": 1, "data": {**event["data"], "new": 1}}) == []
    assert find_faults({**event, "data": {**event["data"], "new": 1}})
    name = drawn.draw(st.sampled_from(sorted(event["data"])))
    shorter = {key: value for key, value in event["data"].items() if key != name}
    (field,) = [field for field in fields(EVENT_DATA[event_type][1]) if field.encode_name == name]
    assert bool(find_schema_faults({**event, "data": shorter})) is field.required
    assert find_faults({**event, "data": shorter}), "none that is stored today may lack a member"
    assert find_schema_faults({**event, "data": {**event["data"], name: 1.5}})
    assert find_schema_faults({key: value for key, value in event.items() if key != "sequence"})
    assert find_schema_faults({**event, "sequence": 0})


def test_what_is_nested_is_held_to_its_type_too() -> None:
    finding = {
        "code": "cname_missing", "severity": "error", "actor": "customer", "message": "It is missing.",
        "fix": {"type": "CNAME", "name": "a.example", "value": "edge.example"}, "evidence": ["NXDOMAIN"],
        "since": "2027-01-15T08:00:00Z", "hurts_at": None,
    }  # fmt: skip
    data: dict[str, Any] = {
        "domain_id": "dom_1", "domain_name": "a.example", "status": "pending_cname", "expires_at": None,
        "external_id": None, "labels": {}, "dns_status": "failed", "findings": [finding],
    }  # fmt: skip
    event = {"event": "dns.check_failed", "timestamp": "2027-01-15T08:00:00Z", "data": data, "id": "e", "sequence": 1}
    assert find_faults(event) == find_schema_faults(event) == []
    for wrong in ({**finding, "severity": "awful"}, {**finding, "fix": {"type": "CNAME"}}, {"code": "cname_missing"}):
        changed = {**event, "data": {**data, "findings": [wrong]}}
        assert find_faults(changed)
        assert find_schema_faults(changed)
    assert find_faults({**event, "data": {**data, "findings": [{**finding, "next_check_at": None}]}})


def test_a_fault_of_a_stored_event_is_reported_once_and_what_a_test_made_up_is_none() -> None:
    guard = StoredEvents()
    sql = "INSERT INTO events (id, body) VALUES (?, ?)"

    def body(data: dict[str, Any]) -> bytes:
        return build_body(EventDraft(EventType.DOMAIN_ADDED, data), event_id="evt_1", sequence=1, now=NOW)

    guard.note(sql, [("evt_1", body({MADE_UP: 1}))])
    guard.check()
    guard.note(sql, [("evt_1", body({"domain_id": "dom_1"}))])
    with pytest.raises(AssertionError, match="domain_name"):
        guard.check()
    guard.check()


@pytest.mark.parametrize("event_type", EventType)
def test_an_example_is_like_a_real_event_and_neither_can_be_taken_for_the_other(event_type: EventType) -> None:
    draft = draft_example(event_type)
    org_id = UNSET if event_type in TENANT_TYPES else None
    example: dict[str, Any] = json.loads(build_body(draft, event_id="evt_1", sequence=0, now=NOW, org_id=org_id))
    assert find_schema_faults(example) == []
    data = {name: value for name, value in example["data"].items() if name != "test"}
    assert find_faults({**example, "data": data}) == [], "it has each member that a real one has, and no other"
    assert example["data"]["test"] is True
    assert find_schema_faults({**example, "sequence": 1})
    assert find_schema_faults({**example, "data": data})
    assert find_schema_faults({**example, "data": {**data, "test": False}})
    assert find_schema_faults({**example, "sequence": 1, "data": data}) == []
