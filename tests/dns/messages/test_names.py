"""Names that are made without parsing, and keys in their place: exactly what dnspython makes of them."""

import dns.exception
import dns.name
from dns.name import Name
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.dns.messages.names import decode_name, encode_name, get_parent, is_root, parse_name, to_key, to_text

LABELS = st.text("aAbB01-_", min_size=1, max_size=70)
TEXTS = st.lists(LABELS | st.sampled_from(["", r"\065", "*", "ä", r"a\.b"]), max_size=8).map(".".join)


def _parse(text: str) -> Name | None:
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


@given(TEXTS)
@example("customer.test.")
@example("customer..test")
@example(".")
@example("")
@example(".".join(["a" * 60] * 5))
def test_a_name_is_parsed_as_dnspython_parses_it(text: str) -> None:
    expected = _parse(text)
    parsed = parse_name(text)
    assert (None if parsed is None else parsed.labels) == (None if expected is None else expected.labels)


@given(TEXTS, TEXTS)
@example("App.test", "aPP.TEST.")
@example(r"a\.b.test", "a.b.test")
def test_two_names_have_one_key_exactly_where_they_are_the_same(one: str, other: str) -> None:
    names = [name for name in map(_parse, (one, other)) if name is not None]
    if len(names) == 2:
        assert (to_key(names[0]) == to_key(names[1])) is (names[0] == names[1])


@given(TEXTS)
def test_texts_parents_and_bytes_are_those_of_dnspython(text: str) -> None:
    name = _parse(text)
    if name is None:
        return
    assert to_text(name) == name.to_text(omit_final_dot=True).lower()
    assert encode_name(name) == name.to_wire()
    assert decode_name(encode_name(name)).labels == name.labels
    assert is_root(name) is (name == dns.name.root)
    if not is_root(name):
        assert get_parent(name).labels == name.parent().labels
