"""A limit on how often something may happen.

A window of the last times is exact where a token bucket is not: it never exceeds the limit and wastes none of it.
"""

from collections import deque
from collections.abc import Callable


class Window:
    """At most `limit` calls in any `seconds`; 0 is no limit. `clock` is monotonic, in seconds."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._calls: deque[float] = deque()

    def wait(self) -> float:
        """Seconds until a call is free; 0 now."""
        if self.limit <= 0:
            return 0.0
        horizon = self._clock() - self._seconds
        while self._calls and self._calls[0] <= horizon:
            self._calls.popleft()
        if len(self._calls) < self.limit:
            return 0.0
        return self._calls[len(self._calls) - self.limit] - horizon

    def free(self) -> int | None:
        """Calls that could be made now; None without a limit."""
        if self.limit <= 0:
            return None
        self.wait()
        return max(self.limit - len(self._calls), 0)

    def take(self) -> None:
        """Count one call."""
        if self.limit > 0:
            self._calls.append(self._clock())
