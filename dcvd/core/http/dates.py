"""Dates in HTTP headers (RFC 9110, section 5.6.7)."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from dcvd.core.instants import to_milliseconds


def parse_http_date(text: str) -> int | None:
    """Return a date in any of its three forms as an instant; None for other text. One without a zone is in UTC."""
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return to_milliseconds(seconds)
