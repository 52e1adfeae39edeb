"""Limit how many bytes are held at once, in all and for each claimant."""

from collections import Counter
from collections.abc import Hashable
from typing import Final

from dcvd.errors import Retryable

_RETRY_AFTER_S: Final = 1.0


class ByteBudget:
    """Counts the bytes that are held; 0 as a limit is none."""

    def __init__(self, limit: int, limit_per_claimant: int) -> None:
        self._limit = limit
        self._limit_per_claimant = limit_per_claimant
        self._held = 0
        self._held_by = Counter[Hashable]()

    def open(self) -> "ByteReservation":
        """Begin a reservation of nothing."""
        return ByteReservation(self)

    def take(self, claimant: Hashable, size: int, *, held: int) -> None:
        """Count so many bytes as held by the claimant, beside those of the same reservation. Raises Retryable.

        Where nothing else is held, there is always room: else what is larger than a limit could never be taken.
        """
        has_room = _fits(self._held - held, held + size, self._limit) and _fits(
            self._held_by[claimant] - held, held + size, self._limit_per_claimant
        )
        if not has_room:
            message = "So many bodies are being read that there is no room for this one; try again in a moment."
            raise Retryable(message, code="busy", retry_after_s=_RETRY_AFTER_S)
        self._held += size
        self._held_by[claimant] += size

    def give_back(self, claimant: Hashable, size: int) -> None:
        """Count bytes as held no more."""
        self._held -= size
        self._held_by[claimant] -= size
        if not self._held_by[claimant]:
            del self._held_by[claimant]


class ByteReservation:
    """The bytes that one piece of work holds, for one claimant."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._claimant: Hashable = None
        self._size = 0

    def grow_to(self, size: int, claimant: Hashable) -> None:
        """Hold at least so many bytes. Raises Retryable with the code "busy" if there is no room for them."""
        if size > self._size:
            self._budget.take(claimant, size - self._size, held=self._size)
            self._claimant, self._size = claimant, size

    def release(self) -> None:
        """Hold nothing."""
        if self._size:
            self._budget.give_back(self._claimant, self._size)
            self._size = 0


def _fits(others: int, size: int, limit: int) -> bool:
    return not limit or not others or others + size <= limit
