"""Limit how often something may happen, in constant memory, however often that is."""

import time
from collections.abc import Callable
from typing import Final

_ROUNDING_DIGITS: Final = 6
_ROUNDING_S: Final = 10**-_ROUNDING_DIGITS
"""Seconds that a wait may be wrong by, because fractions are rounded."""


class TokenBucket:
    """Holds up to `capacity` tokens, which come back evenly within `fill_s` seconds; each call takes one.

    It begins full. So up to `capacity` calls may be made at once after a pause, and `capacity` in any `fill_s` seconds
    from then on. A `SlidingWindow` is exact where this is not, and remembers each call.
    """

    __slots__ = ("_full_at", "_monotonic", "capacity", "fill_s")

    def __init__(self, capacity: int, fill_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` returns monotonic seconds."""
        self.capacity = capacity
        self.fill_s = fill_s
        self._monotonic = monotonic
        self._full_at = monotonic()

    @property
    def is_full(self) -> bool:
        """Whether it is full, so that a new bucket would do as well."""
        return self._full_at <= self._monotonic()

    def get_fill_wait_s(self) -> float:
        """Seconds until it is full, if nothing is taken."""
        return max(self._full_at - self._monotonic(), 0.0)

    def describe(self) -> tuple[int, float]:
        """Return how many tokens there are, and the seconds within which no more can be taken: none comes back."""
        free_tokens = self._free_tokens()
        free = max(int(free_tokens + _ROUNDING_S), 0)
        next_wait_s = (free + 1 - free_tokens) * self.fill_s / self.capacity
        return free, round(max(next_wait_s, 0.0), _ROUNDING_DIGITS)

    def get_wait_s(self) -> float:
        """Seconds until there is a token; 0 means now."""
        wait_s = (1 - self._free_tokens()) * self.fill_s / self.capacity
        return wait_s if wait_s > _ROUNDING_S else 0.0

    def take(self) -> None:
        """Take a token, for which `get_wait_s` is 0."""
        self._full_at = max(self._full_at, self._monotonic()) + self.fill_s / self.capacity

    def resize(self, capacity: int, fill_s: float) -> None:
        """Change the limit; what has been taken, and has not come back yet, stays taken."""
        taken = self.capacity - self._free_tokens()
        self.capacity = capacity
        self.fill_s = fill_s
        self._full_at = self._monotonic() + taken * fill_s / capacity

    def _free_tokens(self) -> float:
        return self.capacity - self.get_fill_wait_s() * self.capacity / self.fill_s
