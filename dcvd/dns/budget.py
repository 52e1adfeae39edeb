"""What one look may cost, and what it has asked."""

from typing import Final

from dcvd.config import SocketAddress

MOST_QUESTIONS: Final = 150


class Exhausted(Exception):  # ends one look early, with what it has seen; it never leaves this package
    """A look has asked as many questions as it may."""


class Budget:
    """Of one look. zone: whom timeouts are counted for; see `Health`. fresh: take nothing about it from memory."""

    def __init__(self, zone: str, *, fresh: bool) -> None:
        self.zone = zone
        self.fresh = fresh
        self.asked: set[SocketAddress] = set()
        """The servers that a question has really gone out to."""
        self._left = MOST_QUESTIONS

    def spend(self, server: SocketAddress) -> None:
        """Count a question that goes out now. Raises Exhausted."""
        if self._left == 0:
            raise Exhausted
        self._left -= 1
        self.asked.add(server)
