"""Limit how often something may happen.

A sliding window is exact where a token bucket is not: it never exceeds the limit and wastes none of it. What a question
costs does not grow with the number of calls that are remembered: it is asked for each attempt and each call.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import Final

Limit = int | Callable[[], int]
"""A limit that stays, or a function that returns the present one; 0 is no limit."""

_MAX_SLEEP_S: Final = 1.0
"""Seconds after which a waiting call checks again: a reload or an answer may have changed what it waits for."""


class SlidingWindow:
    """Allows at most `limit` calls in any `window_s`; 0 is no limit. `monotonic` returns monotonic seconds.

    The server may count a call at any instant between its beginning and its end. So a call counts from its beginning
    until `window_s` after its end: then no window of the server's holds more calls either, however long they take.
    """

    def __init__(self, limit: Limit, window_s: float, monotonic: Callable[[], float], *, memory_s: float = 0.0) -> None:
        """`memory_s`: seconds for which a call is remembered after it no longer counts, see `count_free`."""
        self._limit = limit
        self.window_s = window_s
        self._monotonic = monotonic
        self._memory_s = memory_s
        self._end_times: deque[float] = deque()
        self._expired_end_times: deque[float] = deque()
        self._in_flight = 0
        self._paused_until = 0.0
        self._lock = asyncio.Lock()

    @property
    def limit(self) -> int:
        """The present limit."""
        return self._limit() if callable(self._limit) else self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit

    @property
    def is_idle(self) -> bool:
        """Whether no call counts or waits, and no pause lasts, so that a new window would do as well."""
        self._expire(self._monotonic())
        return not (self._count_calls() or self._lock.locked() or self.get_pause_s())

    def pause(self, pause_s: float) -> bool:
        """Let no call be made for so many seconds; False where a pause already lasts as long."""
        until = self._monotonic() + pause_s
        is_longer = until > self._paused_until
        self._paused_until = max(until, self._paused_until)
        return is_longer

    def get_pause_s(self) -> float:
        """Seconds until the last pause ends."""
        return max(self._paused_until - self._monotonic(), 0.0)

    def get_wait_s(self, spare: int = 0) -> float:
        """Seconds until a call may be made that leaves `spare` further ones; 0 means now.

        The wait may turn out longer while calls are in flight, because nobody knows when they end, but never shorter.
        """
        pause_s = self.get_pause_s() if self._paused_until else 0.0
        limit = self.limit
        if limit <= 0:
            return pause_s
        now = self._monotonic()
        self._expire(now)
        # So many of the counted calls have to expire first.
        excess = self._count_calls() - max(limit - spare, 1) + 1
        if excess <= 0:
            return pause_s
        if excess > len(self._end_times):
            return max(self.window_s, pause_s)
        return max(self._end_times[excess - 1] + self.window_s - now, pause_s)

    def count_free(self, ago_s: float = 0.0) -> int | None:
        """Return how many calls could be made now; None without a limit.

        Calls that counted at any instant within the last `ago_s` seconds, at most `memory_s`, still count.
        """
        limit = self.limit
        if limit <= 0:
            return None
        now = self._monotonic()
        self._expire(now)
        recent_calls = takewhile(
            lambda end_time: end_time + self.window_s > now - ago_s, reversed(self._expired_end_times)
        )
        return max(limit - self._count_calls() - sum(1 for _ in recent_calls), 0)

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[None]:
        """Wait until a call may be made, in order of arrival; the call lasts as long as the block."""
        async with self._lock:
            await wait_for_turn(self.get_wait_s)
            self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """Count a call, which lasts until its `end()`."""
        self._in_flight += 1

    def end(self) -> None:
        """Count the end of a call that has begun."""
        self._in_flight -= 1
        if self.limit > 0:
            now = self._monotonic()
            self._expire(now)
            self._end_times.append(now)

    def take(self) -> None:
        """Count a call that takes no time."""
        self.begin()
        self.end()

    def _count_calls(self) -> int:
        return self._in_flight + len(self._end_times)

    def _expire(self, now: float) -> None:
        while self._end_times and self._end_times[0] + self.window_s <= now:
            self._expired_end_times.append(self._end_times.popleft())
        while self._expired_end_times and self._expired_end_times[0] + self.window_s <= now - self._memory_s:
            self._expired_end_times.popleft()


async def wait_for_turn(get_wait_s: Callable[[], float]) -> None:
    """Sleep until `get_wait_s` returns 0: the seconds that are still to wait, which may change meanwhile."""
    while (wait_s := get_wait_s()) > 0:  # noqa: ASYNC110  # time is what is waited for
        await asyncio.sleep(min(wait_s, _MAX_SLEEP_S))
