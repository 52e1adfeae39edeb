"""What one look may cost, and what it has asked."""

import time
from typing import Final

from dcvd.config import SocketAddress

MOST_QUESTIONS: Final = 150


class Exhausted(Exception):  # ends one look early, with what it has seen; it never leaves this package
    """A look has asked as many questions as it may."""


class Budget:
    """Of one look. zone: for which timeouts are counted, see `Health`. fresh: take nothing about it from memory."""

    def __init__(self, zone: str, *, fresh: bool) -> None:
        self.zone = zone
        self.fresh = fresh
        self._asked: dict[SocketAddress, float] = {}
        self.under_way = 0
        """Questions that hold one of the `Slots`, which alone count it."""
        self._left = MOST_QUESTIONS

    def spend(self, server: SocketAddress) -> None:
        """Count a question that goes out now. Raises Exhausted."""
        if self._left == 0:
            raise Exhausted
        self._left -= 1
        self._asked.setdefault(server, time.monotonic())

    def waited(self, server: SocketAddress) -> float:
        """Seconds since the first question went out to that server; none, where none did."""
        return time.monotonic() - self._asked[server] if server in self._asked else 0.0
