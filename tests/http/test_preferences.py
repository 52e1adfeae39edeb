"""The header `Prefer` (RFC 7240)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.http.preferences import MAX_WAIT_S, parse_wait_s


@pytest.mark.parametrize(
    ("values", "wait"),
    [
        ([], None),
        (["wait=30"], 30),
        (["Wait=30"], 30),
        (["wait = 30"], 30),
        (['wait="30"'], 30),
        (["  wait=30  "], 30),
        (["wait=0"], 0),
        (["wait=007"], 7),
        (["wait=51"], MAX_WAIT_S),
        (["wait=999999999"], MAX_WAIT_S),
        (["respond-async, wait=30"], 30),
        (["respond-async", "wait=30"], 30),
        (['return=minimal; foo="some, wait=1", wait=30'], 30),
        (["wait=30; foo; bar=baz ;qux"], 30),
        (["wait=30;"], 30),
        (["wait=10, wait=20"], 10),
        (["wait=10", "wait=20"], 10),
        ([", ,wait=30,,"], 30),
        (["what is this, wait=30"], 30),
        (['foo="wait=1, wait=30'], None),
        (['foo="a\\", wait=1", wait=30'], 30),
        (["wait"], None),
        (["wait="], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=30 s"], None),
        (["wait=soon"], None),
        (["wait=٣"], None),
        (["waiting=30"], None),
        (["foo=wait=30"], None),
        (["foo; wait=30"], None),
    ],
)
def test_the_wait_is_read_as_the_standard_has_it_and_all_else_is_ignored(values: list[str], wait: int | None) -> None:
    assert parse_wait_s(values) == wait


texts = st.text(st.characters(max_codepoint=0xFF), max_size=60) | st.text('wait=30;,"\\ ', max_size=40)


@given(st.lists(texts, max_size=3))
def test_no_header_is_too_strange(values: list[str]) -> None:
    wait = parse_wait_s(values)
    assert wait is None or 0 <= wait <= MAX_WAIT_S


@pytest.mark.parametrize("piece", ['\\"', '"', "a;", " ;", "a=", ",", " ", '"\\', "a ", 'a="', ";="])
def test_no_header_costs_more_than_its_length(piece: str) -> None:
    header = f"a{piece * 8_000}!("
    began = time.process_time()
    parse_wait_s([header, f"a;{piece * 8_000}", piece * 8_000])
    assert time.process_time() - began < 0.5
