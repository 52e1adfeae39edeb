"""Base 32 as others write it."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.base32 import CROCKFORD, RFC_4648

_BYTES = st.integers(0, 8).flatmap(lambda groups: st.binary(min_size=5 * groups, max_size=5 * groups))


@given(data=_BYTES)
def test_it_is_written_as_the_standard_library_does(data: bytes) -> None:
    assert RFC_4648.write(data) == base64.b32encode(data).decode().lower()


@given(some=st.binary(min_size=10, max_size=10), others=st.binary(min_size=10, max_size=10))
def test_in_crockfords_alphabet_texts_sort_as_their_bytes(some: bytes, others: bytes) -> None:
    assert (CROCKFORD.write(some) < CROCKFORD.write(others)) == (some < others)
