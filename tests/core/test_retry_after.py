"""The header that asks for patience."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import HOUR

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", 1500),
        ("0.0001", 1),
        (".5", None),
        ("1e9", None),
        ("2814, 2", 2_814_000),
        ("1, 2.5 ,0", 2500),
        ("1,,2", None),
        ("120, Fri, 15 Jan 2027 08:01:00 GMT", None),
        ("9" * 1000, 6 * HOUR),
        ("0", 0),
        (" 120 ", 120_000),
        ("999999999999999999999", 6 * HOUR),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60_000),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Fri, 15 Jan 2037 07:00:00 GMT", 6 * HOUR),
        ("Friday, 15-Jan-27 08:01:00 GMT", 60_000),
        ("Fri Jan 15 08:01:00 2027", 60_000),
        ("Fri, 15 Jan 2027 08:01:00", 60_000),
        ("Fri, 15 Jan 2027 08:01:00 -0000", 60_000),
    ],
)
def test_seconds_and_dates_are_understood_and_capped(text: str | None, expected: int | None) -> None:
    assert parse_retry_after_ms(text, NOW) == expected


@pytest.mark.parametrize("text", ["3601", "Fri, 15 Jan 2027 10:00:00 GMT"])
def test_a_caller_may_wait_less_long(text: str) -> None:
    assert parse_retry_after_ms(text, NOW, max_ms=HOUR) == HOUR


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_a_date_without_a_zone_is_in_utc_wherever_the_machine_stands(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        assert parse_retry_after_ms("Fri Jan 15 08:01:00 2027", NOW) == 60_000
    time.tzset()


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 01 Jan 0001 00:00:00 -0000", 0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 6 * HOUR),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 6 * HOUR),
        ("Fri, 31 Dec 9999 23:59:59", 6 * HOUR),
    ],
)
def test_the_first_and_the_last_date_there_are_can_be_read_in_every_time_zone(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: int, zone: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        assert parse_retry_after_ms(text, NOW) == expected
    time.tzset()


_DATES = st.builds(
    lambda day, year, clock, zone: f"{day:02} Jan {year:04} {clock} {zone}",
    st.integers(0, 99),
    st.sampled_from([0, 1, 68, 69, 1969, 1970, 2027, 9998, 9999]),
    st.sampled_from(["00:00:00", "23:59:59", "24:00:00", "23:59:60"]),
    st.sampled_from(["-0000", "+0000", "+2359", "-2359", "+2400", "-9999", "+99999999999", "GMT", "UT", "EST", ""]),
)


@given(text=st.text(max_size=40) | _DATES)
def test_no_text_breaks_it(text: str) -> None:
    wait = parse_retry_after_ms(text, NOW)
    assert wait is None or 0 <= wait <= 6 * HOUR
