"""JSON that strangers sent is read, or is none; it never raises."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.http.json_body import read_json, read_json_object

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(DOCUMENTS)
def test_a_document_is_read_as_it_was_written(document: Any) -> None:
    assert read_json(msgspec.json.encode(document)) == document


@given(st.binary())
def test_bytes_of_any_kind_raise_nothing(body: bytes) -> None:
    read_json(body)
    assert read_json_object(body) is None or isinstance(read_json_object(body), dict)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff\xfe", b"[" * 100_000], ids=lambda body: body[:8])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert read_json(body) is None
    assert read_json_object(body) is None


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1"])
def test_another_document_than_an_object_is_no_object(body: bytes) -> None:
    assert read_json_object(body) is None


def test_an_object_is_one() -> None:
    assert read_json_object(b' {"a": [1]} ') == {"a": [1]}
