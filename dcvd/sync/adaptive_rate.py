"""How fast looks may follow each other, so that they never take so much of this process that its API becomes slow."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_SHARE: Final = 0.33
"""The part of one processor that the process may use while it looks. What it computes it does on one at a time, and the
rest of that one is for whoever calls the API: his calls wait the longer the more of it is used."""
_LAG: Final = 0.008
"""Seconds by which turns begin late, on average, when somebody else has the machine: then the share tells nothing."""
_LEAST: Final = 40.0
_MOST: Final = 5_000.0
_SPAN: Final = 0.1
"""Seconds over which the share is measured."""
_GROWTH: Final = 1.1
_GRAIN: Final = 0.002
"""Seconds; shorter waits would be longer than meant, so looks that are so close start together."""


class Pace:
    """Evenly spaced turns. The rate adapts to how busy the whole process and the machine are, and never falls below a
    floor: however busy they are otherwise, domains are looked at.

    clock: monotonic, in seconds. cpu: the seconds of processor time that the process has used.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time
    ) -> None:
        self.rate = _LEAST
        self._clock = clock
        self._cpu = cpu
        self._next_at = clock()
        self._measured_at = clock()
        self._used = cpu()
        self._held_up = False
        self._late = 0.0
        self._waits = 0

    async def turn(self, cost: int = 1) -> None:
        """Wait for the next turn; `cost` of something that takes as much time as so many looks."""
        wait = self.wait(cost)
        if wait > 0:
            at = self._clock() + wait
            await asyncio.sleep(wait)
            self.began(self._clock() - at)

    def wait(self, cost: int = 1) -> float:
        """Take a turn; seconds until it begins."""
        now = self._clock()
        self._measure(now)
        at = max(self._next_at, now)
        self._next_at = at + cost / self.rate
        if at - now < _GRAIN:
            return 0.0
        self._held_up = True
        return at - now

    def began(self, late: float) -> None:
        """A turn that had to wait has begun, so many seconds later than it should."""
        self._late += max(late, 0.0)
        self._waits += 1

    def _measure(self, now: float) -> None:
        passed = now - self._measured_at
        if passed < _SPAN:
            return
        used = self._cpu()
        share = (used - self._used) / passed
        lag = self._late / self._waits if self._waits else 0.0
        excess = max(share / _SHARE, lag / _LAG)
        if excess > 1.0:
            self.rate = max(self.rate / min(excess, 2.0), _LEAST)
        elif self._held_up:
            # Only a pace that held something up can be too slow.
            self.rate = min(self.rate * _GROWTH, _MOST)
        self._measured_at, self._used, self._held_up = now, used, False
        self._late, self._waits = 0.0, 0
