"""Dates in HTTP headers (RFC 9110, section 5.6.7)."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from dcvd.core.instants import to_milliseconds

_REMEMBERED_DATES: Final = 16
"""All answers of one second tell the same."""


@lru_cache(_REMEMBERED_DATES)
def parse_http_date(text: str) -> int | None:
    """Return a date in any of its three forms as an instant; None for other text. One without a zone is in UTC."""
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return to_milliseconds(seconds)
