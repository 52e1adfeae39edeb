"""How fast the database grows, as far as this process has seen it."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_SPACING_S: Final = 600.0
_MAX_AGE_S: Final = 86_400.0
_MIN_AGE_S: Final = 3_600.0
"""What happens within less time, such as an import, says nothing about a day."""


class DatabaseGrowth:
    """Remembers the sizes of a day, ten minutes apart. `monotonic` returns monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._samples: deque[tuple[float, int]] = deque()
        self._last_size = 0

    def note(self, size: int) -> None:
        """Note the present size, in bytes."""
        now_s = self._monotonic()
        self._last_size = size
        if not self._samples or now_s - self._samples[-1][0] >= _SPACING_S:
            self._samples.append((now_s, size))
        while now_s - self._samples[0][0] > _MAX_AGE_S:
            self._samples.popleft()

    def get_bytes_per_day(self) -> int | None:
        """Return by how many bytes it grows in a day, negative where it shrinks; None before an hour was seen."""
        if not self._samples:
            return None
        began_s, first_size = self._samples[0]
        seconds = self._monotonic() - began_s
        return None if seconds < _MIN_AGE_S else round((self._last_size - first_size) * _MAX_AGE_S / seconds)
