"""Limit expensive work: for each caller at once and per minute, and for all callers together at once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.errors import Retryable, TooManyRequests
from dcvd.kit.limits.sliding_window import SlidingWindow

_MINUTE_S: Final = 60.0
_MAX_CALLERS: Final = 1_000
_RETRY_AFTER_S: Final = 5.0


class AdmissionLimit:
    """The limit on one kind of work. work_name: the plural noun for it in messages."""

    def __init__(
        self,
        work_name: str,
        *,
        max_per_caller: int,
        max_total: int,
        max_per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_per_minute` is the limit for one caller; `monotonic` returns monotonic seconds."""
        self._work_name = work_name
        self._max_per_caller = max_per_caller
        self._max_total = max_total
        self._max_per_minute = max_per_minute
        self._monotonic = monotonic
        self._in_flight: Counter[str] = Counter()
        self._windows: dict[str, SlidingWindow] = {}

    @contextmanager
    def admit(self, caller: str) -> Iterator[None]:
        """Admit one piece of work, which lasts as long as the block.

        Raises TooManyRequests when the caller has reached a limit, Retryable when all callers together have.
        """
        work_name = self._work_name
        if self._in_flight[caller] >= self._max_per_caller:
            raise TooManyRequests(
                f"{self._max_per_caller} {work_name} of yours are under way; ask again when one of them is through.",
                retry_after_s=_RETRY_AFTER_S,
            )
        window = self._get_window(caller)
        wait_s = window.get_wait_s()
        if wait_s:
            message = f"{self._max_per_minute} {work_name} a minute are made for an organization; ask again later."
            raise TooManyRequests(message, retry_after_s=wait_s)
        if self._in_flight.total() >= self._max_total:
            message = f"So many {work_name} are under way that there is no room for this one; ask again in a moment."
            raise Retryable(message, code="busy", retry_after_s=_RETRY_AFTER_S)
        window.take()
        self._in_flight[caller] += 1
        try:
            yield
        finally:
            self._in_flight[caller] -= 1
            if not self._in_flight[caller]:
                del self._in_flight[caller]

    def _get_window(self, caller: str) -> SlidingWindow:
        if caller not in self._windows and len(self._windows) >= _MAX_CALLERS:
            self._windows = {
                known_caller: window
                for known_caller, window in self._windows.items()
                if window.count_free() != self._max_per_minute
            }
        return self._windows.setdefault(caller, SlidingWindow(self._max_per_minute, _MINUTE_S, self._monotonic))
