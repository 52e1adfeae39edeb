"""Keys and lines of bulk calls."""

import pytest

from dcvd.core.domains.bulk import fingerprint_line, to_refusal, validate_key
from dcvd.errors import InvalidInput


@pytest.mark.parametrize("key", ["x", "!~", "a" * 255, "7f3d2c10-3b0f-4a5e-9d86-000000000000"])
def test_visible_ascii_is_a_key(key: str) -> None:
    assert validate_key(key) == key


@pytest.mark.parametrize("key", ["", "a" * 256, "a b", "a\tb", "schlüssel", "\x7f"])
def test_anything_else_is_none(key: str) -> None:
    with pytest.raises(InvalidInput, match="visible ASCII") as caught:
        validate_key(key)
    assert caught.value.field == "Idempotency-Key"


def test_a_line_that_adds_is_another_than_the_same_line_that_removes() -> None:
    content = b'{"domainName":"app.customer.com"}'
    assert fingerprint_line("add", content) == fingerprint_line("add", content)
    assert (
        len(
            {
                fingerprint_line("add", content),
                fingerprint_line("remove", content),
                fingerprint_line("add", content + b" "),
            }
        )
        == 3
    )


def test_a_long_refusal_is_cut() -> None:
    assert len(to_refusal(InvalidInput("domainName", "x" * 10_000)).message) < 500
