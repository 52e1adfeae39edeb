"""Instants as people say them: how long ago, or how far ahead."""

import time

from msgspec import Struct

from dcvd.core.durations import format_span
from dcvd.core.instants import SECOND, from_rfc3339, to_rfc3339


class InstantStyle(Struct, frozen=True):
    """How instants are said: as ages at `now`, or exactly, in wide output."""

    now: int
    is_exact: bool = False

    def tell(self, rfc3339: str | None, missing: str = "") -> str:
        """Return the words for an instant."""
        if rfc3339 is None:
            return missing
        return format_instant(rfc3339, missing="") if self.is_exact else format_age(rfc3339, self.now)


def read_clock() -> int:
    """Return the present instant."""
    return time.time_ns() // 1_000_000


def format_age(rfc3339: str, now: int) -> str:
    """Format an instant as `3 h ago` or `in 12 d`."""
    distance = from_rfc3339(rfc3339) - now
    if abs(distance) < SECOND:
        return "now"
    return f"in {format_span(distance)}" if distance > 0 else f"{format_span(-distance)} ago"


def format_instant(rfc3339: str | None, *, missing: str) -> str:
    """Format an instant as `2026-01-15 10:30 UTC`."""
    if rfc3339 is None:
        return missing
    day, clock = to_rfc3339(from_rfc3339(rfc3339)).split("T")
    return f"{day} {clock[:5]} UTC"
