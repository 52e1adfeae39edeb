"""The `Retry-After` header (RFC 9110, section 10.2.3), which holds seconds or a date."""

import math
import re
from typing import Final

from dcvd.core.http.dates import parse_http_date
from dcvd.core.instants import HOUR, SECOND

MAX_RETRY_AFTER_MS: Final = 6 * HOUR
"""No receiver can stop us from calling it for longer than this."""

_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?(\s*,\s*[0-9]+(\.[0-9]+)?){0,8}", re.ASCII)


def parse_retry_after_ms(text: str | None, now: int, *, max_ms: int = MAX_RETRY_AFTER_MS) -> int | None:
    """Return how many milliseconds to wait, at most `max_ms`; None without a header that can be read.

    A date in the past is no wait. Fractions of a second are no part of the standard, but are sent; of several numbers,
    as a proxy joins them from several headers, the longest wait counts.
    """
    if text is None:
        return None
    stripped = text.strip()
    if _SECONDS.fullmatch(stripped):
        seconds = max(float(number) for number in stripped.split(","))
        return min(math.ceil(min(seconds * SECOND, max_ms)), max_ms)
    date = parse_http_date(stripped)
    return None if date is None else min(max(date - now, 0), max_ms)
