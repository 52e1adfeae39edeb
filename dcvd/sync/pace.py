"""How fast looks may follow each other, so that they never take so much of this process that its API becomes slow."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_SHARE: Final = 0.4
"""The part of one processor that the process may use while it looks. What it computes it does on one at a time, and the
rest of that one is for whoever calls the API: his calls wait the longer the more of it is used."""
_LEAST: Final = 20.0
_MOST: Final = 5_000.0
_SPAN: Final = 0.1
"""Seconds over which the share is measured."""
_GROWTH: Final = 1.1
_GRAIN: Final = 0.002
"""Seconds; shorter waits would be longer than meant, so looks that are so close start together."""


class Pace:
    """Evenly spaced turns. The rate adapts to how busy the whole process is, and never falls below a floor: however
    busy it is otherwise, domains are looked at.

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

    async def turn(self, cost: int = 1) -> None:
        """Wait for the next turn; `cost` of something that takes as much time as so many looks."""
        wait = self.wait(cost)
        if wait > 0:
            await asyncio.sleep(wait)

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

    def _measure(self, now: float) -> None:
        passed = now - self._measured_at
        if passed < _SPAN:
            return
        used = self._cpu()
        share = (used - self._used) / passed
        if share > _SHARE:
            self.rate = max(self.rate * max(_SHARE / share, 0.5), _LEAST)
        elif self._held_up:
            # Only a pace that held something up can be too slow.
            self.rate = min(self.rate * _GROWTH, _MOST)
        self._measured_at, self._used, self._held_up = now, used, False
