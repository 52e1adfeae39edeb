"""The `Retry-After` header (RFC 9110, section 10.2.3), which holds seconds or a date."""

from typing import Final

from dcvd.core.http.dates import parse_http_date
from dcvd.core.instants import HOUR, SECOND

MAX_RETRY_AFTER_MS: Final = 6 * HOUR
"""No receiver can stop us from calling it for longer than this."""


def parse_retry_after_ms(text: str | None, now: int, *, max_ms: int = MAX_RETRY_AFTER_MS) -> int | None:
    """Return how many milliseconds to wait, at most `max_ms`; None without a header that can be read.

    A date in the past is no wait.
    """
    if text is None:
        return None
    stripped = text.strip()
    if stripped.isascii() and stripped.isdecimal():
        return min(int(stripped[:12]) * SECOND, max_ms)
    date = parse_http_date(stripped)
    return None if date is None else min(max(date - now, 0), max_ms)
