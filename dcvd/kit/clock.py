"""The wall clock as an argument, so that a test can set it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the present instant; deadlines and intervals use the loop's monotonic time instead."""

    def now(self) -> int:
        """Return the milliseconds since the epoch, UTC."""
        ...


class ConfirmingClock(Clock, Protocol):
    """A clock that knows whether something beside itself confirms its time."""

    def confirmed_now(self) -> int | None:
        """Return the present instant where something confirms it.

        Whatever deletes, disables or ends something for good because time has passed goes by this one, and waits where
        there is none. What is only refused because time has passed goes by `now`.
        """
        ...


class SystemClock:
    """The machine's clock; it may jump in either direction, and nothing confirms it."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def confirmed_now(self) -> int | None:
        return None
