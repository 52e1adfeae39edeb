"""Limit the rate of checks, so that they never take so much of this process that its API becomes slow.

This is no `SlidingWindow`: no limit is given, and turns are spaced by how busy the processor is.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

_CPU_SHARE: Final = 0.33
"""The share of one processor that the process may use while it checks. The process computes on one processor at a time,
and the rest of it is for callers of the API: the more of it is used, the longer their calls wait."""
_CPU_SHARE_ALONE: Final = 0.8
"""The same while nobody calls. What is left lets jobs and deliveries go on, and the next caller be noticed."""
_ALONE_AFTER_S: Final = 2.0
"""Seconds after the last call from which on nobody is thought to call."""
_MAX_LAG_S: Final = 0.008
"""Seconds by which turns may begin late, on average. Later ones mean that other programs keep the machine busy,
which the share of processor time does not show."""
_MIN_RATE: Final = 40.0
_MAX_RATE: Final = 5_000.0
_MEASURE_INTERVAL_S: Final = 0.1
"""Seconds over which the share is measured."""
_MAX_GROWTH_FACTOR: Final = 2.0
"""A rate grows by half of what is left to it, so that it is there before a burst of additions is over, and not beyond;
but by no more than this, because what it uses shows only later."""
_MIN_WAIT_S: Final = 0.002
"""Seconds; a shorter sleep would last longer than intended, so checks that are this close start together."""


class AdaptiveRate:
    """Gives out evenly spaced turns, at a rate that adapts to how busy the process and the machine are.

    The rate never falls below a minimum: domains are checked however busy the machine is otherwise.
    monotonic: the monotonic clock, in seconds. cpu_time: the seconds of processor time that the process has used.
    count_calls: how many calls of the API have ended so far; None where somebody may always be calling.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        cpu_time: Callable[[], float] = time.process_time,
        count_calls: Callable[[], int] | None = None,
    ) -> None:
        self.checks_per_second = _MIN_RATE
        self._monotonic = monotonic
        self._cpu_time = cpu_time
        self._count_calls = count_calls
        self._last_call_count = 0
        self._last_call_time = -math.inf
        self._next_turn_time = monotonic()
        self._last_measure_time = monotonic()
        self._last_cpu_time = cpu_time()
        self._has_waited = False
        self._total_lag_s = 0.0
        self._wait_count = 0

    async def wait_turn(self, cost: int = 1) -> None:
        """Wait for the next turn; `cost` is the number of checks that take as much time as the work of this turn."""
        wait_s = self.reserve_turn(cost)
        if wait_s > 0:
            turn_time = self._monotonic() + wait_s
            await asyncio.sleep(wait_s)
            self.record_lag(self._monotonic() - turn_time)

    def reserve_turn(self, cost: int = 1) -> float:
        """Reserve a turn; return the seconds until it begins."""
        now = self._monotonic()
        self._measure(now)
        turn_time = max(self._next_turn_time, now)
        self._next_turn_time = turn_time + cost / self.checks_per_second
        if turn_time - now < _MIN_WAIT_S:
            return 0.0
        self._has_waited = True
        return turn_time - now

    def record_lag(self, lag_s: float) -> None:
        """Record by how many seconds a turn that had to wait began late."""
        self._total_lag_s += max(lag_s, 0.0)
        self._wait_count += 1

    def _measure(self, now: float) -> None:
        elapsed_s = now - self._last_measure_time
        if elapsed_s < _MEASURE_INTERVAL_S:
            return
        cpu_time = self._cpu_time()
        cpu_share = (cpu_time - self._last_cpu_time) / elapsed_s
        mean_lag_s = self._total_lag_s / self._wait_count if self._wait_count else 0.0
        excess = max(cpu_share / self._find_cpu_share(now), mean_lag_s / _MAX_LAG_S)
        if excess > 1.0:
            self.checks_per_second = max(self.checks_per_second / min(excess, 2.0), _MIN_RATE)
        elif self._has_waited:
            # Only a rate that made something wait can be too slow.
            factor = (1.0 + 1.0 / max(excess, 0.1)) / 2.0
            self.checks_per_second = min(self.checks_per_second * min(factor, _MAX_GROWTH_FACTOR), _MAX_RATE)
        self._last_measure_time, self._last_cpu_time, self._has_waited = now, cpu_time, False
        self._total_lag_s, self._wait_count = 0.0, 0

    def _find_cpu_share(self, now: float) -> float:
        if self._count_calls is None:
            return _CPU_SHARE
        call_count = self._count_calls()
        if call_count != self._last_call_count:
            self._last_call_count, self._last_call_time = call_count, now
        return _CPU_SHARE if now - self._last_call_time < _ALONE_AFTER_S else _CPU_SHARE_ALONE
