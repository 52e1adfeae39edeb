"""Instants are integers: milliseconds since the epoch, UTC. In JSON they are RFC 3339 with `Z`.

Durations are milliseconds where they are stored, configured or added to an instant, and seconds where an event loop
waits.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

Milliseconds = int
"""A duration; a field of this type needs no unit in its name."""

_RFC3339: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_EARLIEST: Final = 0
_LATEST: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_TWO_DIGITS: Final = tuple(f"{number:02d}" for number in range(60))
"""Looked up, since to format a number takes three times as long: an answer has hundreds of them."""


def to_seconds(duration_ms: Milliseconds) -> float:
    """Return a duration in seconds, as event loops and HTTP headers count it."""
    return duration_ms / SECOND


def to_milliseconds(duration_s: float) -> Milliseconds:
    """Return a measured duration to the nearest millisecond, as it is stored."""
    return round(duration_s * SECOND)


def to_rfc3339(instant: int) -> str:
    """Write an instant as `2026-01-15T10:30:00Z`, with three decimals only where it has a fraction of a second."""
    if not _EARLIEST <= instant <= _LATEST:
        instant = min(max(instant, _EARLIEST), _LATEST)
    day, rest = instant // DAY, instant % DAY
    hour, minute, second = rest // HOUR, rest // MINUTE % 60, rest // SECOND % 60
    text = f"{_write_day(day)}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[second]}"
    milliseconds = rest % SECOND
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


@lru_cache(1024)
def _write_day(day: int) -> str:
    """Write a day since the epoch. An answer has many instants, and they are of few days."""
    return datetime.fromtimestamp(day * DAY // SECOND, UTC).isoformat()[:10]


def format_instant(instant: int | None) -> str | None:
    """Write an instant as `to_rfc3339` does; None stays None."""
    return None if instant is None else to_rfc3339(instant)


def end_of_day(text: str) -> int:
    """Return the instant at which a day such as `2026-01-15` ends, in UTC. Raises ValueError for other text."""
    return from_rfc3339(f"{text}T00:00:00Z") + DAY


def from_rfc3339(text: str) -> int:
    """Return an RFC 3339 text as milliseconds since the epoch, cut off below that. Raises ValueError for other text."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 instant such as 2026-01-15T10:30:00Z")
    day, clock, fraction, zone = match.groups()
    whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    milliseconds = int((fraction or ".0")[1:4].ljust(3, "0"))
    return int(whole.timestamp()) * 1000 + milliseconds
