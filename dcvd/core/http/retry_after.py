"""The `Retry-After` header (RFC 9110, section 10.2.3), which holds seconds or a date."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from dcvd.core.instants import HOUR, SECOND, to_milliseconds

MAX_RETRY_AFTER_MS: Final = 6 * HOUR
"""No receiver can stop us from calling it for longer than this."""


def parse_retry_after_ms(text: str | None, now: int, *, max_ms: int = MAX_RETRY_AFTER_MS) -> int | None:
    """Return how many milliseconds to wait, at most `max_ms`; None without a header that can be read.

    A date, in any of the forms of RFC 9110, section 5.6.7, is in UTC.
    """
    if text is None:
        return None
    stripped = text.strip()
    if stripped.isascii() and stripped.isdecimal():
        return min(int(stripped[:12]) * SECOND, max_ms)
    try:
        moment = parsedate_to_datetime(stripped)
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(to_milliseconds(seconds) - now, 0), max_ms)
