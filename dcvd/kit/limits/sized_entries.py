"""Remember values by key, as far as they have room together."""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SizedEntries(Generic[K, V]):
    """Holds values whose sizes are no more than `max_size` together: beyond that, the oldest are forgotten.

    What is larger by itself is not held. Reading needs no lock, whichever thread writes.
    """

    def __init__(self, max_size: int, size_of: Callable[[V], int]) -> None:
        self._max_size = max_size
        self._size_of = size_of
        self._size = 0
        self._values: dict[K, V] = {}

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._values)

    def get(self, key: K) -> V | None:
        """Return a value; None where there is none."""
        return self._values.get(key)

    def set(self, key: K, value: V) -> None:
        """Hold a value, if there is room for it."""
        self.discard(key)
        size = self._size_of(value)
        if size > self._max_size:
            return
        self._values[key] = value
        self._size += size
        while self._size > self._max_size:
            self.discard(next(iter(self._values)))

    def discard(self, key: K) -> None:
        """Forget a value, if there is one."""
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._size_of(value)

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()
        self._size = 0
