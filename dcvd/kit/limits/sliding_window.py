"""A limit on how often something may happen.

A window of the last times is exact where a token bucket is not: it never exceeds the limit and wastes none of it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

_KEPT: Final = 60.0
"""Seconds for which a call is remembered after it has ceased to count."""


class Window:
    """At most `limit` calls in any `seconds`; 0 is no limit. `clock` is monotonic, in seconds.

    Who counts the calls on the other side may take note of one at any instant between its beginning and its end, so a
    call counts from its beginning until `seconds` after its end: then no window of theirs holds more either, however
    long the way there and back is.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._ended: deque[float] = deque()
        self._under_way = 0

    @property
    def under_way(self) -> int:
        """Calls that were begun and have not ended."""
        return self._under_way

    def wait(self, spare: int = 0) -> float:
        """Seconds until a call is free with `spare` more left over; 0 now.

        While calls are under way it may be later, because nobody knows when they end, but never earlier.
        """
        if self.limit <= 0:
            return 0.0
        now = self._clock()
        forgotten = self._forgotten(now)
        # So many of the counted ones have to be forgotten first.
        excess = self._under_way + len(self._ended) - forgotten - max(self.limit - spare, 1) + 1
        if excess <= 0:
            return 0.0
        if forgotten + excess > len(self._ended):
            return self.seconds
        return self._ended[forgotten + excess - 1] + self.seconds - now

    def free(self, ago: float = 0.0) -> int | None:
        """Calls that could be made now; None without a limit.

        With `ago` also those still count that did at any instant since so many seconds ago.
        """
        if self.limit <= 0:
            return None
        counted = self._under_way + len(self._ended) - self._forgotten(self._clock() - ago)
        return max(self.limit - counted, 0)

    def begin(self) -> None:
        """Count a call, which lasts until its `end()`."""
        self._under_way += 1

    def end(self) -> None:
        """One of the calls that were begun has ended."""
        self._under_way -= 1
        if self.limit > 0:
            self._ended.append(self._clock())

    def take(self) -> None:
        """Count a call that takes no time."""
        self.begin()
        self.end()

    def _forgotten(self, at: float) -> int:
        """How many of the kept ones no longer counted at an instant of the last minute."""
        while self._ended and self._ended[0] + self.seconds <= at - _KEPT:
            self._ended.popleft()
        count = 0
        for ended in self._ended:
            if ended + self.seconds > at:
                break
            count += 1
        return count
