"""Requests made of templates: whatever a value is, it stays a value."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.json_members import get_member, validate_member_path
from dcvd.core.http.request_templates import (
    fill_body,
    fill_path,
    find_placeholders,
    validate_body_template,
    validate_path_template,
)

PATH = "/v2/{zone}/records?name={name}&page=1"
BODY = '{"type": "{type}", "nested": [{"data": "{value}."}], "ttl": "{ttl}", "on": true}'


@given(st.text(), st.text())
def test_a_value_never_leaves_its_place_in_a_path(zone: str, name: str) -> None:
    zone, name = (text.encode(errors="replace").decode() for text in (zone, name))
    filled = fill_path(PATH, {"zone": zone, "name": name})
    path, _, query = filled.partition("?")
    assert path.count("/") == PATH.partition("?")[0].count("/")
    assert filled.count("?") == filled.count("#") + 1 == 1
    assert query.count("&") == query.count("=") - 1 == 1
    assert unquote(path.split("/")[2]) == zone
    assert unquote(query.split("&")[0].removeprefix("name=")) == name


@given(st.text(), st.text(), st.integers(0, 86_400))
def test_a_value_never_leaves_its_string_in_a_body(kind: str, value: str, ttl: int) -> None:
    filled = fill_body(BODY, {"type": kind, "value": value, "ttl": ttl})
    assert filled == {"type": kind, "nested": [{"data": f"{value}."}], "ttl": ttl, "on": True}
    assert json.loads(json.dumps(filled)) == filled


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill_path("/{zone}/{name}", {"zone": "{name}", "name": "x"}) == "/%7Bname%7D/x"
    assert fill_body('{"a": "{value} {type}"}', {"value": "{type}", "type": "A"}) == {"a": "{type} A"}


@given(st.text(st.sampled_from("/{}zone.?&=%2 #\\é"), max_size=20))
def test_a_path_that_is_accepted_is_one(text: str) -> None:
    try:
        accepted = validate_path_template(text, ("zone",))
    except ValueError:
        return
    assert accepted == text
    assert find_placeholders(text) <= {"zone"}
    filled = fill_path(text, {"zone": "customer.com"})
    assert filled.startswith("/")
    assert filled.isascii()
    assert not set("{} #\\") & set(filled)
    assert ".." not in filled.partition("?")[0].split("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '"{type}"',
        '{"a": "{"}',
        '{"a": "{type"}',
        '{"a": "{Type}"}',
        pytest.param("[" * 9999, id="deep"),
    ],
)
def test_what_is_no_body_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        validate_body_template(text, ("type",))


def test_a_body_needs_what_is_required_and_takes_nothing_else() -> None:
    assert validate_body_template('{"a": ["{type}"]}', ("type", "ttl"), ("type",))
    for text in ('{"a": "{ttl}"}', '{"a": "{type}{id}"}'):
        with pytest.raises(ValueError):
            validate_body_template(text, ("type", "ttl"), ("type",))


@pytest.mark.parametrize(
    ("path", "value"),
    [("", {"a": [{"b": 1}]}), ("a", [{"b": 1}]), ("a.0.b", 1), ("a.1", None), ("a.b", None), ("x.y", None)],
)
def test_a_member_is_found_by_its_path_or_is_nothing(path: str, value: object) -> None:
    assert get_member({"a": [{"b": 1}]}, validate_member_path(path)) == value


@pytest.mark.parametrize("text", [".", "a.", ".a", "a..b", "a b", "a/b", "ä", "a\n"])
def test_what_is_no_path_of_a_member_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        validate_member_path(text)
