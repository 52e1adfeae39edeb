"""Instants of what happened lately, of which only a bounded number is kept."""

from collections import deque
from typing import Final

_MAX_KEPT: Final = 10_000


class RecentInstants:
    """Counts what happened since an instant; instants are in milliseconds."""

    def __init__(self) -> None:
        self._instants: deque[int] = deque(maxlen=_MAX_KEPT)

    def record(self, at: int) -> None:
        """Record that it happened."""
        self._instants.append(at)

    def count_since(self, start: int) -> int:
        """Count how often it happened at an instant or later, as far as it is kept."""
        return sum(1 for at in self._instants if at >= start)
