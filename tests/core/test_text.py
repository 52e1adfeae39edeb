"""Text of strangers: on one line, printable, and no longer than it may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.text import make_printable, shorten


@given(st.text())
def test_what_is_made_printable_is_one_line_and_stays_as_it_is_a_second_time(text: str) -> None:
    line = make_printable(text)
    assert line.isprintable()
    assert make_printable(line) == line


def test_what_cannot_be_printed_parts_words_and_joins_none() -> None:
    assert make_printable("  one\ntwo\x00three\t\x1b[31mfour ") == "one two three [31mfour"


@pytest.mark.parametrize(
    ("text", "shortened"), [("", ""), ("12345", "12345"), ("123456", "1234…"), ("1" * 99, "1111…")]
)
def test_a_text_that_is_too_long_ends_in_an_ellipsis_within_the_length(text: str, shortened: str) -> None:
    assert shorten(text, 5) == shortened


@given(st.text(), st.integers(1, 50))
def test_no_shortened_text_is_longer_than_it_may_be(text: str, length: int) -> None:
    result = shorten(text, length)
    assert len(result) <= length
    assert result == text or result == text[: length - 1] + "…"
