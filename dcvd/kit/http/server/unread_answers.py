"""What of our answers lies with us because clients do not read it, and whose connection is cut for it.

A transport reports no answer that is smaller than its buffer, and none that it has yet to send when it is closed. So
all connections are looked at again and again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct


class AnsweringConnection(Protocol):
    """A connection as it is seen here."""

    @property
    def address(self) -> str:
        """The IP address of its other end; "" on a unix socket."""

    @property
    def unread_bytes(self) -> int:
        """How much of its answers the client has yet to take."""

    def is_late_to_read(self, unread_since: float, now: float) -> bool:
        """Whether its client, who has read nothing for so long, should have."""

    def cut(self) -> None:
        """End it at once."""


class _Unread(Struct, frozen=True):
    size: int
    since: float


class UnreadAnswers:
    """Cuts connections that are late to read; where too much is unread, the oldest of whoever leaves most."""

    def __init__(self, max_bytes: int, find_claimant: Callable[[str], str | None]) -> None:
        """`max_bytes`: of all connections. `find_claimant` returns whose an address is, None for itself."""
        self._max_bytes = max_bytes
        self._find_claimant = find_claimant
        self._unread: dict[AnsweringConnection, _Unread] = {}

    def look(self, connections: Iterable[AnsweringConnection], now: float) -> None:
        """Look at all connections that are open, at an instant in monotonic seconds.

        A client has read something if less is left than at the last look.
        """
        before, self._unread = self._unread, {}
        for connection in connections:
            size = connection.unread_bytes
            if size:
                last = before.get(connection)
                since = now if last is None or size < last.size else last.since
                self._unread[connection] = _Unread(size, since)
        for connection, unread in list(self._unread.items()):
            if connection.is_late_to_read(unread.since, now):
                self._cut(connection)
        excess = sum(unread.size for unread in self._unread.values()) - self._max_bytes
        if excess > 0:
            self._cut_some(excess)

    def _cut_some(self, excess: int) -> None:
        sizes: defaultdict[str, int] = defaultdict(int)
        newest_first: defaultdict[str, list[AnsweringConnection]] = defaultdict(list)
        for connection, unread in sorted(self._unread.items(), key=lambda item: item[1].since, reverse=True):
            claimant = self._find_claimant(connection.address) or connection.address
            sizes[claimant] += unread.size
            newest_first[claimant].append(connection)
        while excess > 0:
            greediest = max(sizes, key=sizes.__getitem__)
            size = self._cut(newest_first[greediest].pop())
            sizes[greediest] -= size
            excess -= size

    def _cut(self, connection: AnsweringConnection) -> int:
        connection.cut()
        return self._unread.pop(connection).size
