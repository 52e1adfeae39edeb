"""How fast looks may follow each other, so that they never take so much of this process that its API becomes slow."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_CPU_SHARE: Final = 0.33
"""The part of one processor that the process may use while it looks. What it computes it does on one at a time, and the
rest of that one is for whoever calls the API: his calls wait the longer the more of it is used."""
_MAX_LAG_S: Final = 0.008
"""Seconds by which turns begin late, on average, when somebody else has the machine: then the share tells nothing."""
_MIN_RATE: Final = 40.0
_MAX_RATE: Final = 5_000.0
_MEASURE_INTERVAL_S: Final = 0.1
"""Seconds over which the share is measured."""
_GROWTH_FACTOR: Final = 1.1
_MIN_WAIT_S: Final = 0.002
"""Seconds; shorter waits would be longer than meant, so looks that are so close start together."""


class AdaptiveRate:
    """Evenly spaced turns. The rate adapts to how busy the whole process and the machine are, and never falls below a
    floor: however busy they are otherwise, domains are looked at.

    monotonic: monotonic, in seconds. cpu_time: the seconds of processor time that the process has used.
    """

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, cpu_time: Callable[[], float] = time.process_time
    ) -> None:
        self.checks_per_second = _MIN_RATE
        self._monotonic = monotonic
        self._cpu_time = cpu_time
        self._next_turn_time = monotonic()
        self._last_measure_time = monotonic()
        self._last_cpu_time = cpu_time()
        self._has_waited = False
        self._total_lag_s = 0.0
        self._wait_count = 0

    async def wait_turn(self, cost: int = 1) -> None:
        """Wait for the next turn; `cost` of something that takes as much time as so many looks."""
        wait = self.reserve_turn(cost)
        if wait > 0:
            at = self._monotonic() + wait
            await asyncio.sleep(wait)
            self.record_lag(self._monotonic() - at)

    def reserve_turn(self, cost: int = 1) -> float:
        """Take a turn; seconds until it begins."""
        now = self._monotonic()
        self._measure(now)
        at = max(self._next_turn_time, now)
        self._next_turn_time = at + cost / self.checks_per_second
        if at - now < _MIN_WAIT_S:
            return 0.0
        self._has_waited = True
        return at - now

    def record_lag(self, lag_s: float) -> None:
        """A turn that had to wait has begun, so many seconds later than it should."""
        self._total_lag_s += max(lag_s, 0.0)
        self._wait_count += 1

    def _measure(self, now: float) -> None:
        passed = now - self._last_measure_time
        if passed < _MEASURE_INTERVAL_S:
            return
        used = self._cpu_time()
        share = (used - self._last_cpu_time) / passed
        lag = self._total_lag_s / self._wait_count if self._wait_count else 0.0
        excess = max(share / _CPU_SHARE, lag / _MAX_LAG_S)
        if excess > 1.0:
            self.checks_per_second = max(self.checks_per_second / min(excess, 2.0), _MIN_RATE)
        elif self._has_waited:
            # Only a pace that held something up can be too slow.
            self.checks_per_second = min(self.checks_per_second * _GROWTH_FACTOR, _MAX_RATE)
        self._last_measure_time, self._last_cpu_time, self._has_waited = now, used, False
        self._total_lag_s, self._wait_count = 0.0, 0
