"""How much a step of a long work may take on: the writer serves everybody, and is held for some milliseconds only."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_LONG_STEP_S: Final = 0.020
_SHORT_STEP_S: Final = 0.005


class BatchSizer:
    """Halves its size after a step that took long, and doubles it after one that was short."""

    def __init__(
        self,
        *,
        min_size: int,
        max_size: int,
        short_step_s: float = _SHORT_STEP_S,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`short_step_s` in seconds, as `monotonic` is, which is monotonic."""
        self.size = min_size
        self._min_size = min_size
        self._max_size = max_size
        self._short_step_s = short_step_s
        self._monotonic = monotonic

    def run_step(self, work: Callable[[int], T]) -> T:
        """Do `work(size)`, and learn from how long it took."""
        began = self._monotonic()
        try:
            return work(self.size)
        finally:
            took = self._monotonic() - began
            if took > _LONG_STEP_S:
                self.size = max(self.size // 2, self._min_size)
            elif took < self._short_step_s:
                self.size = min(self.size * 2, self._max_size)
