"""The sandbox's own time: real time plus what has been skipped. A step of the wall clock does not move it."""

import time
from typing import Final

from dcvd.core.instants import DAY

MAX_ADVANCE_MS: Final = 3650 * DAY
"""Milliseconds that one call may skip: each renewal in between is really made."""


class SandboxClock:
    """Milliseconds since the epoch, UTC."""

    def __init__(self) -> None:
        self._started_at = time.time_ns() // 1_000_000
        self._origin_ns = time.monotonic_ns()
        self._skipped_ms = 0

    def now(self) -> int:
        return self._started_at + (time.monotonic_ns() - self._origin_ns) // 1_000_000 + self._skipped_ms

    def advance(self, milliseconds: int) -> int:
        """Skip ahead and return the new time; raises ValueError for less than nothing or more than MAX_ADVANCE."""
        if not 0 <= milliseconds <= MAX_ADVANCE_MS:
            raise ValueError("the clock goes forward by at most 3650d at once")
        self._skipped_ms += milliseconds
        return self.now()
