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
