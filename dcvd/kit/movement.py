"""Whether a loop that starts work in slots gets on with it."""

import time
from collections.abc import Callable


class LoopMovement:
    """Notes each turn of a loop and each step of the work in its slots, and says for how long there was none.

    has_free_slots: whether work could start now. longest_step_s: for how long one piece of work may wait for others,
    such as a receiver. longest_sleep_s: for how long the loop sleeps where nothing is due.
    """

    def __init__(
        self,
        name: str,
        has_free_slots: Callable[[], bool],
        *,
        longest_step_s: Callable[[], float],
        longest_sleep_s: Callable[[], float] = lambda: 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._has_free_slots = has_free_slots
        self._longest_step_s = longest_step_s
        self._longest_sleep_s = longest_sleep_s
        self._monotonic = monotonic
        self._turned_at: float | None = None
        self._stepped_at = monotonic()

    def note_turn(self) -> None:
        """Note that the loop looks for what is due."""
        self._turned_at = self._monotonic()

    def note_step(self) -> None:
        """Note that work in a slot has begun, has ended, or has come further."""
        self._stepped_at = self._monotonic()

    def end(self) -> None:
        """Expect no more turns: the loop has ended."""
        self._turned_at = None

    def measure_stall_s(self) -> float:
        """Return for how many seconds the loop has not turned, or every slot has been taken by work that does nothing.

        Before the loop has begun and after its end it is 0.
        """
        if self._turned_at is None:
            return 0.0
        if self._has_free_slots():
            return max(self._monotonic() - self._turned_at - self._longest_sleep_s(), 0.0)
        # The loop may wait for a slot now, and is no measure.
        return max(self._monotonic() - self._stepped_at - self._longest_step_s(), 0.0)
