"""Idempotency keys, and the fingerprints of requests."""

import pytest

from dcvd.core.http.idempotency import fingerprint, validate_key
from dcvd.errors import InvalidInput


@pytest.mark.parametrize("key", ["x", "!~", "a" * 255, "7f3d2c10-3b0f-4a5e-9d86-000000000000"])
def test_visible_ascii_is_a_key(key: str) -> None:
    assert validate_key(key) == key


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "a\tb", "schlüssel", "\x7f"])
def test_anything_else_is_none(key: str) -> None:
    with pytest.raises(InvalidInput, match="visible ASCII") as caught:
        validate_key(key)
    assert caught.value.field == "Idempotency-Key"


def test_requests_that_differ_anywhere_have_other_fingerprints() -> None:
    requests = [
        (b"POST", b"/a", b"{}"),
        (b"POST", b"/a{", b"}"),
        (b"POST", b"/a", b""),
        (b"POST", b"/a"),
        (b"", b"POST/a"),
    ]
    assert len({fingerprint(*parts) for parts in requests}) == len(requests)
    assert fingerprint(b"POST", b"/a") == fingerprint(b"POST", b"/a")
