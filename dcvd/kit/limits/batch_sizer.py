"""Choose the size of each step of a long job: the writer serves everybody, so a step may take only milliseconds."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_LONG_STEP_S: Final = 0.020
_SHORT_STEP_S: Final = 0.005


class BatchSizer:
    """Halves the size after a long step, and doubles it after a short one."""

    def __init__(
        self,
        *,
        min_size: int,
        max_size: int,
        short_step_s: float = _SHORT_STEP_S,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`short_step_s`: a step below so many seconds is short. `monotonic` returns monotonic seconds."""
        self.size = min_size
        self._min_size = min_size
        self._max_size = max_size
        self._short_step_s = short_step_s
        self._monotonic = monotonic

    def run_step(self, work: Callable[[int], T]) -> T:
        """Do `work(size)`, and learn from how long it took."""
        start_time = self._monotonic()
        try:
            return work(self.size)
        finally:
            elapsed_s = self._monotonic() - start_time
            if elapsed_s > _LONG_STEP_S:
                self.size = max(self.size // 2, self._min_size)
            elif elapsed_s < self._short_step_s:
                self.size = min(self.size * 2, self._max_size)
