"""Cells of spreadsheets: what is escaped comes back."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.cells import escape_formula, unescape_formula


@given(st.one_of(st.text("'=+-@\t\r\nab", max_size=6), st.text(max_size=6)))
def test_any_text_comes_back_and_none_begins_like_a_formula(text: str) -> None:
    cell = escape_formula(text)
    assert unescape_formula(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
