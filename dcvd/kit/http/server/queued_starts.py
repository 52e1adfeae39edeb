"""The order in which requests start whose clients have yet to show that they wait for answers.

That is a connection's first request, and one that was sent before the last answer. However many of them there are, the
requests of clients who ask one after the other start at once, and share the process with a few of these. The clients of
these take turns.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from dcvd.kit.limits.turns import Turns

_STARTS_A_TURN: Final = 2
_MOST_RUNNING: Final = 6
_LONGEST_RUN_S: Final = 0.1
"""After so many seconds a request counts no more: it waits for something, as a long poll does."""


class QueuedStarts:
    """Starts such requests, a few in each turn of the event loop, while few of them run; one queue serves all clients.

    Each has a number while it runs.
    """

    def __init__(self, find_claimant: Callable[[str], str | None]) -> None:
        """`find_claimant` returns whose an address is, None for itself."""
        self._find_claimant = find_claimant
        self._starts: Turns[str, Callable[[int], bool]] = Turns()
        self._running: dict[int, float] = {}
        self._last_number = 0
        self._turn: asyncio.Handle | None = None
        self._wait: asyncio.TimerHandle | None = None

    def add(self, address: str, start: Callable[[int], bool]) -> None:
        """Call `start` with a number when it is its turn, which is not now; False says that there is nothing to do."""
        self._starts.add(self._find_claimant(address) or address, start)
        self._go_on()

    def begin(self) -> int | None:
        """Return a number for a request that starts now; None if it has to be added."""
        if self._starts or not self._has_room():
            return None
        return self._take_number()

    def end(self, number: int) -> None:
        """Let another have the place of a request that has ended."""
        if self._running.pop(number, None) is not None and self._starts:
            self._go_on()

    def _has_room(self) -> bool:
        if len(self._running) < _MOST_RUNNING:
            return True
        oldest, begun = next(iter(self._running.items()))
        if asyncio.get_running_loop().time() - begun < _LONGEST_RUN_S:
            return False
        del self._running[oldest]
        return True

    def _take_number(self) -> int:
        self._last_number += 1
        self._running[self._last_number] = asyncio.get_running_loop().time()
        return self._last_number

    def _go_on(self) -> None:
        """Start some in the next turn of the loop, or as soon as there is room."""
        loop = asyncio.get_running_loop()
        if self._has_room():
            if self._turn is None:
                self._turn = loop.call_soon(self._start_some)
        elif self._wait is None:
            oldest_start = next(iter(self._running.values()))
            self._wait = loop.call_at(oldest_start + _LONGEST_RUN_S, self._stop_waiting)

    def _stop_waiting(self) -> None:
        self._wait = None
        if self._starts:
            self._go_on()

    def _start_some(self) -> None:
        self._turn = None
        for _ in range(_STARTS_A_TURN):
            if not self._starts or not self._has_room():
                break
            number = self._take_number()
            _, start = self._starts.take()
            if not start(number):
                self._running.pop(number, None)
        if self._starts:
            self._go_on()
