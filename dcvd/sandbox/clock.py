"""The sandbox's own time: real time plus what was skipped. A step of the wall clock does not change it."""

import time
from typing import Final

from dcvd.core.instants import DAY

MAX_ADVANCE_MS: Final = 3650 * DAY
"""The most milliseconds that one call may skip, because every renewal in between is carried out."""


class SandboxClock:
    """A clock in milliseconds since the epoch, UTC."""

    def __init__(self) -> None:
        self._started_at = time.time_ns() // 1_000_000
        self._origin_ns = time.monotonic_ns()
        self._skipped_ms = 0

    def now(self) -> int:
        return self._started_at + (time.monotonic_ns() - self._origin_ns) // 1_000_000 + self._skipped_ms

    def advance(self, milliseconds: int) -> int:
        """Skip ahead and return the new time; raises ValueError below 0 or above `MAX_ADVANCE_MS`."""
        if not 0 <= milliseconds <= MAX_ADVANCE_MS:
            raise ValueError("the clock goes forward by at most 3650d at once")
        self._skipped_ms += milliseconds
        return self.now()
