"""A limit on how often something may happen.

A window of the last times is exact where a token bucket is not: it never exceeds the limit and wastes none of it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

_MEMORY_S: Final = 60.0
"""Seconds for which a call is remembered after it has ceased to count."""


class SlidingWindow:
    """At most `limit` calls in any `window_s`; 0 is no limit. `monotonic` is monotonic, in seconds.

    Who counts the calls on the other side may take note of one at any instant between its beginning and its end, so a
    call counts from its beginning until `window_s` after its end: then no window of theirs holds more either, however
    long the way there and back is.
    """

    def __init__(self, limit: int, window_s: float, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self.window_s = window_s
        self._monotonic = monotonic
        self._end_times: deque[float] = deque()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """Calls that were begun and have not ended."""
        return self._in_flight

    def get_wait_s(self, spare: int = 0) -> float:
        """Seconds until a call is free with `spare` more left over; 0 now.

        While calls are under way it may be later, because nobody knows when they end, but never earlier.
        """
        if self.limit <= 0:
            return 0.0
        now = self._monotonic()
        forgotten = self._count_expired(now)
        # So many of the counted ones have to be forgotten first.
        excess = self._in_flight + len(self._end_times) - forgotten - max(self.limit - spare, 1) + 1
        if excess <= 0:
            return 0.0
        if forgotten + excess > len(self._end_times):
            return self.window_s
        return self._end_times[forgotten + excess - 1] + self.window_s - now

    def count_free(self, ago_s: float = 0.0) -> int | None:
        """Calls that could be made now; None without a limit.

        With `ago_s` also those still count that did at any instant since so many seconds ago.
        """
        if self.limit <= 0:
            return None
        counted = self._in_flight + len(self._end_times) - self._count_expired(self._monotonic() - ago_s)
        return max(self.limit - counted, 0)

    def begin(self) -> None:
        """Count a call, which lasts until its `end()`."""
        self._in_flight += 1

    def end(self) -> None:
        """One of the calls that were begun has ended."""
        self._in_flight -= 1
        if self.limit > 0:
            self._end_times.append(self._monotonic())

    def take(self) -> None:
        """Count a call that takes no time."""
        self.begin()
        self.end()

    def _count_expired(self, time_s: float) -> int:
        """How many of the kept ones no longer counted at an instant of the last minute."""
        while self._end_times and self._end_times[0] + self.window_s <= time_s - _MEMORY_S:
            self._end_times.popleft()
        count = 0
        for ended in self._end_times:
            if ended + self.window_s > time_s:
                break
            count += 1
        return count
