"""What one look may cost, and what it has asked."""

import time
from typing import Final

from dcvd.config import SocketAddress

MAX_QUERIES: Final = 150


class QueryBudgetExhausted(Exception):  # ends one look early, with what it has seen; it never leaves this package
    """A look has asked as many questions as it may."""


class QueryBudget:
    """Of one look. zone: for which timeouts are counted, see `Health`.

    bypass_cache: take nothing about it from memory.
    """

    def __init__(self, zone: str, *, bypass_cache: bool) -> None:
        self.zone = zone
        self.bypass_cache = bypass_cache
        self._first_query_times: dict[SocketAddress, float] = {}
        self.in_flight = 0
        """Questions that hold one of the `Slots`, which alone count it."""
        self._queries_left = MAX_QUERIES

    def count_query(self, server: SocketAddress) -> None:
        """Count a question that goes out now. Raises Exhausted."""
        if self._queries_left == 0:
            raise QueryBudgetExhausted
        self._queries_left -= 1
        self._first_query_times.setdefault(server, time.monotonic())

    def time_since_query_s(self, server: SocketAddress) -> float:
        """Seconds since the first question went out to that server; none, where none did."""
        return time.monotonic() - self._first_query_times[server] if server in self._first_query_times else 0.0
