"""Single values of the predecessor's rows."""

import math

import pytest

from dcvd.core.predecessor import values


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-15 08:30:00",
        "2025-01-15T08:30:00Z",
        "2025-01-15T08:30:00.000Z",
        "2025-01-15T08:30:00",
        "2025-01-15 08:30",
        "2025-01-15T09:30:00+01:00",
        1_736_929_800,
        1_736_929_800_000,
        1_736_929_800.0,
        b"2025-01-15 08:30:00",
        "1736929800",
        "1736929800000",
    ],
)
def test_an_instant_is_read_in_every_form_that_there_was(value: object) -> None:
    assert values.read_instant(value) == 1_736_929_800_000


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "2025-13-01 00:00:00",
        -5,
        10**30,
        "0000-00-00 00:00:00",
        True,
        float(10**17),
        math.inf,
        -math.inf,
        math.nan,
    ],
)
def test_what_is_no_instant_is_not_taken_for_one(value: object) -> None:
    with pytest.raises(ValueError, match=r"instant|month|range|year|finite"):
        values.read_instant(value)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_instant(value: object) -> None:
    assert values.read_instant(value) is None


@pytest.mark.parametrize(
    ("text", "color"),
    [("#0Af", "#00aaff"), ("#0F62FE", "#0f62fe"), ("#0f62f", None), ("tomato", None), ("#0f62fe;x", None)],
)
def test_a_colour_is_written_out(text: str, color: str | None) -> None:
    assert values.read_color(text) == color


@pytest.mark.parametrize(
    ("text", "kept", "lost"),
    [
        ('["domain.active","*","domain.*","domain.active"]', ("domain.active", "*", "domain.*"), ()),
        ('["domain.active","system.disk_low","made.up"]', ("domain.active",), ("system.disk_low", "made.up")),
        ('["domain.active"', (), ()),
        ("null", (), ()),
        ("[1,null,[]]", (), ()),
        (None, (), ()),
        ("[" * 5_000, (), ()),
    ],
)
def test_events_are_those_that_there_are_here(text: str | None, kept: tuple[str, ...], lost: tuple[str, ...]) -> None:
    assert values.read_events(text) == (kept, lost)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ('["a","b"]', ("a", "b")),
        ('[{"message":"a\\nb"},{"code":1}]', ("a b", '{"code":1}')),
        ('["a"', ('["a"',)),
        ('"a"', ("a",)),
        ("[]", ()),
        (None, ()),
    ],
)
def test_errors_are_kept_also_where_their_list_is_broken(text: str | None, errors: tuple[str, ...]) -> None:
    assert values.read_errors(text) == errors


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ('{"a":[1]}', {"a": [1]}),
        ("{broken", "{broken"),
        (None, None),
        ('"\\ud800"', '"\\ud800"'),
        ("[" * 5_000, "[" * 5_000),
        ("[" * 997 + "]" * 997, "[" * 997 + "]" * 997),
        ("[" * 100 + "]" * 100, "[" * 100 + "]" * 100),
        ('[{"a":[]}]', [{"a": []}]),
    ],
)
def test_details_that_are_no_json_stay_text(text: str | None, details: object) -> None:
    assert values.read_details(text) == details
