"""The `Retry-After` header (RFC 9110, section 10.2.3), which holds seconds or a date."""

from email.utils import parsedate_to_datetime
from typing import Final

from dcvd.core.instants import HOUR, SECOND, to_milliseconds

LONGEST_RETRY_AFTER_MS: Final = 6 * HOUR
"""No receiver can stop us from calling it for longer than this."""


def parse_retry_after_ms(text: str | None, now: int) -> int | None:
    """Return how many milliseconds to wait, at most LONGEST_RETRY_AFTER_MS; None without a header that can be read."""
    if text is None:
        return None
    stripped = text.strip()
    if stripped.isascii() and stripped.isdecimal():
        return min(int(stripped[:12]) * SECOND, LONGEST_RETRY_AFTER_MS)
    try:
        moment = parsedate_to_datetime(stripped)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(to_milliseconds(moment.timestamp()) - now, 0), LONGEST_RETRY_AFTER_MS)
