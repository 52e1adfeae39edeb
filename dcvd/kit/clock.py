"""The wall clock as an argument, so that a test can set it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the present instant; deadlines and intervals use the loop's monotonic time instead."""

    def now(self) -> int:
        """Return the milliseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock; it may jump in either direction."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, milliseconds: int) -> None:
        """Move the clock; a negative number moves it back, as a real clock can."""
        self._now += milliseconds

    def set(self, instant: int) -> None:
        """Set the clock to an instant, in milliseconds since the epoch."""
        self._now = instant
