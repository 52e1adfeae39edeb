"""How much a step of a long work may take on: the writer serves everybody, and is held for some milliseconds only."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_LONG: Final = 0.020
_SHORT: Final = 0.005


class Pace:
    """Halves its size after a step that took long, and doubles it after one that was short."""

    def __init__(
        self, *, least: int, most: int, short: float = _SHORT, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """`short` in seconds, as `clock` is, which is monotonic."""
        self.size = least
        self._least = least
        self._most = most
        self._short = short
        self._clock = clock

    def step(self, work: Callable[[int], T]) -> T:
        """Do `work(size)`, and learn from how long it took."""
        began = self._clock()
        try:
            return work(self.size)
        finally:
            took = self._clock() - began
            if took > _LONG:
                self.size = max(self.size // 2, self._least)
            elif took < self._short:
                self.size = min(self.size * 2, self._most)
