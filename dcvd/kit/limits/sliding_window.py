"""Limit how often something may happen.

A sliding window is exact where a token bucket is not: it never exceeds the limit and wastes none of it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

_MEMORY_S: Final = 60.0
"""Seconds for which a call is remembered after it no longer counts."""


class SlidingWindow:
    """Allows at most `limit` calls in any `window_s`; 0 is no limit. `monotonic` returns monotonic seconds.

    The server may count a call at any instant between its beginning and its end. So a call counts from its beginning
    until `window_s` after its end: then no window of the server's holds more calls either, however long they take.
    """

    def __init__(self, limit: int, window_s: float, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self.window_s = window_s
        self._monotonic = monotonic
        self._end_times: deque[float] = deque()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """The number of calls that have begun and not ended."""
        return self._in_flight

    def get_wait_s(self, spare: int = 0) -> float:
        """Seconds until a call may be made that leaves `spare` further ones; 0 means now.

        The wait may turn out longer while calls are in flight, because nobody knows when they end, but never shorter.
        """
        if self.limit <= 0:
            return 0.0
        now = self._monotonic()
        expired = self._count_expired(now)
        # So many of the counted calls have to expire first.
        excess = self._in_flight + len(self._end_times) - expired - max(self.limit - spare, 1) + 1
        if excess <= 0:
            return 0.0
        if expired + excess > len(self._end_times):
            return self.window_s
        return self._end_times[expired + excess - 1] + self.window_s - now

    def count_free(self, ago_s: float = 0.0) -> int | None:
        """Return how many calls could be made now; None without a limit.

        Calls that counted at any instant within the last `ago_s` seconds still count.
        """
        if self.limit <= 0:
            return None
        counted_calls = self._in_flight + len(self._end_times) - self._count_expired(self._monotonic() - ago_s)
        return max(self.limit - counted_calls, 0)

    def begin(self) -> None:
        """Count a call, which lasts until its `end()`."""
        self._in_flight += 1

    def end(self) -> None:
        """Count the end of a call that has begun."""
        self._in_flight -= 1
        if self.limit > 0:
            self._end_times.append(self._monotonic())

    def take(self) -> None:
        """Count a call that takes no time."""
        self.begin()
        self.end()

    def _count_expired(self, time_s: float) -> int:
        """Count the remembered calls that no longer counted at an instant within the last minute."""
        while self._end_times and self._end_times[0] + self.window_s <= time_s - _MEMORY_S:
            self._end_times.popleft()
        count = 0
        for end_time in self._end_times:
            if end_time + self.window_s > time_s:
                break
            count += 1
        return count
