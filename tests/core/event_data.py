"""Event data of every allowed shape: any Unicode text, integers below 2**53, nested lists and objects, no floats."""

from typing import Any

from hypothesis import strategies as st

_AWKWARD = "\x00\x07\x08\t\n\x0b\x0c\r\x1b\x1f \"'\\/<&\x7f\x80\u00a0\u2028\u2029\ufeff\ufffe\uffff\U0001f600\U0010ffff"

texts = st.one_of(st.text(st.sampled_from(_AWKWARD), max_size=12), st.text(max_size=12))
_names = texts.filter(lambda name: not name.isdigit())
_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=3)),
    max_leaves=8,
)


def event_data() -> st.SearchStrategy[dict[str, Any]]:
    """Data as a producer may draft it; names made of digits are excluded, because JavaScript would reorder them."""
    return st.dictionaries(_names, _values, max_size=4)
