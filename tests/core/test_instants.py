"""Instants: integers inside, RFC 3339 outside."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import end_of_day, format_instant, from_rfc3339, to_milliseconds, to_rfc3339, to_seconds

LAST_INSTANT = 253_402_300_799_999


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-15T10:30:00Z", 1_768_473_000_000),
        ("2026-01-15T10:30:00.5Z", 1_768_473_000_500),
        ("2026-01-15T10:30:00.123456Z", 1_768_473_000_123),
        ("2026-01-15T10:30:00.999999999Z", 1_768_473_000_999),
        ("2026-01-15T12:30:00+02:00", 1_768_473_000_000),
        ("2026-01-15t10:30:00z", 1_768_473_000_000),
        ("2026-01-15 10:30:00Z", 1_768_473_000_000),
        ("1969-12-31T23:59:59.250Z", -750),
    ],
)
def test_an_rfc3339_text_is_read_to_the_millisecond(text: str, instant: int) -> None:
    assert from_rfc3339(text) == instant


@pytest.mark.parametrize(
    "text",
    ["", "never", "2026-01-15", "2026-01-15T10:30:00", "2026-01-15T10:30Z", "2026-02-30T10:30:00Z", "1768473000",
     "2026-01-15T24:00:00Z", "2026-01-15T10:30:00.Z", "2026-01-15T10:30:00+24:00", "2026-01-15T10:30:00Z\n",
     "0000-01-01T00:00:00Z", "２０26-01-15T10:30:00Z"],
)  # fmt: skip
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_rfc3339(text)


def test_a_whole_second_is_written_without_a_fraction() -> None:
    assert to_rfc3339(1_768_473_000_000) == "2026-01-15T10:30:00Z"
    assert to_rfc3339(1_768_473_000_007) == "2026-01-15T10:30:00.007Z"


@given(st.integers(0, LAST_INSTANT))
def test_an_instant_survives_the_way_out_and_back(instant: int) -> None:
    assert from_rfc3339(to_rfc3339(instant)) == instant


@given(st.integers(-(2**63), 2**63 - 1))
def test_what_no_calendar_holds_is_written_as_the_nearest_that_it_does(instant: int) -> None:
    assert from_rfc3339(to_rfc3339(instant)) == min(max(instant, 0), LAST_INSTANT)


@given(st.text())
def test_no_text_raises_anything_but_a_value_error(text: str) -> None:
    try:
        from_rfc3339(text)
    except ValueError:
        return
    assert text[4] == "-"


@pytest.mark.parametrize(("duration_ms", "duration_s"), [(0, 0.0), (1, 0.001), (1500, 1.5), (86_400_000, 86_400.0)])
def test_a_duration_is_the_same_in_seconds_and_in_milliseconds(duration_ms: int, duration_s: float) -> None:
    assert to_seconds(duration_ms) == duration_s
    assert to_milliseconds(duration_s) == duration_ms


def test_a_measured_duration_is_stored_to_the_nearest_millisecond() -> None:
    assert [to_milliseconds(seconds) for seconds in (0.0004, 0.0006, 1.0015)] == [0, 1, 1002]


def test_an_instant_that_is_missing_stays_so() -> None:
    assert format_instant(None) is None
    assert format_instant(0) == "1970-01-01T00:00:00Z"


def test_a_day_ends_when_the_next_one_begins() -> None:
    assert to_rfc3339(end_of_day("2026-02-28")) == "2026-03-01T00:00:00Z"
    for text in ("2026-02-30", "20260228", "tomorrow", "2026-02-28T00:00:00Z", ""):
        with pytest.raises(ValueError, match=r"RFC 3339|day|month"):
            end_of_day(text)


@given(st.integers(min_value=0, max_value=LAST_INSTANT))
def test_an_instant_is_written_as_the_standard_library_writes_it(instant: int) -> None:
    seconds, milliseconds = divmod(instant, 1000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    assert to_rfc3339(instant) == (f"{whole}.{milliseconds:03d}Z" if milliseconds else f"{whole}Z")
