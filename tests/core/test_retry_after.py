"""The header that asks for patience."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import HOUR
from dcvd.core.retry_after import parse_retry_after_ms

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("0", 0),
        (" 120 ", 120_000),
        ("999999999999999999999", 6 * HOUR),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60_000),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Fri, 15 Jan 2037 07:00:00 GMT", 6 * HOUR),
    ],
)
def test_seconds_and_dates_are_understood_and_capped(text: str | None, expected: int | None) -> None:
    assert parse_retry_after_ms(text, NOW) == expected


@given(text=st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    wait = parse_retry_after_ms(text, NOW)
    assert wait is None or 0 <= wait <= 6 * HOUR
