"""How many connections may be open, and which of them gives way to a new one when there are too many.

First goes the one that has been sending a head for longest, then the one that has been idle for longest; one in which a
request runs never does. Each may send its head for a moment, however many come: until then nobody is let in.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

_HEAD_GRACE_S: Final = 0.25
"""Seconds in which a head arrives from afar, if its client is no attacker."""


class ConnectionLimits(Struct, frozen=True, kw_only=True):
    """How many connections may be open at once: over TCP in all and of one client, and over unix sockets in all."""

    tcp: int = 10_000
    tcp_per_client: int = 10_000
    unix: int = 10_000


class OpenConnection:
    """A connection's place among those that are open. head_start: when the last head began, in monotonic seconds."""

    def __init__(self, groups: "tuple[_Group, ...]", on_left: Callable[[], None]) -> None:
        self._groups = groups
        self._unfinished = tuple(group.unfinished for group in groups)
        self._idle = tuple(group.idle for group in groups)
        self._places: _Places = ()
        self._on_left = on_left
        self._abort: Callable[[], None] | None = None
        self.head_start = 0.0
        self._has_left = False
        for group in groups:
            group.count += 1
        self.await_head()

    def bind(self, abort: Callable[[], None]) -> None:
        """Say how the connection is cut, once it can be; where it had to give way before, it is cut at once."""
        self._abort = abort
        if self._has_left:
            abort()

    def await_head(self) -> None:
        """Count as sending a head from now on, if it does not yet."""
        if self._places is self._unfinished:
            return
        self.head_start = time.monotonic()
        self._move(self._unfinished)

    def be_idle(self) -> None:
        """Count as idle from now on: no request runs, and none begins."""
        self._move(self._idle)

    def run(self) -> None:
        """Count as running a request from now on."""
        self._move(())

    def give_way(self) -> None:
        """Cut the connection."""
        self.leave()
        if self._abort is not None:
            self._abort()

    def leave(self) -> None:
        """Count no more."""
        if self._has_left:
            return
        self._move(())
        self._has_left = True
        for group in self._groups:
            group.count -= 1
        self._on_left()

    def _move(self, places: "_Places") -> None:
        if self._has_left:
            return
        for place in self._places:
            del place[self]
        for place in places:
            place[self] = None
        self._places = places


_Places = tuple[OrderedDict[OpenConnection, None], ...]


class _Group:
    """Connections that share a limit; the oldest stand first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        self.unfinished: OrderedDict[OpenConnection, None] = OrderedDict()
        self.idle: OrderedDict[OpenConnection, None] = OrderedDict()

    def make_room(self) -> bool:
        """Let a connection give way if there is no room for one more; False where none may."""
        if self.count < self.limit:
            return True
        oldest = next(iter(self.unfinished or self.idle), None)
        if oldest is not None:
            oldest.give_way()
        return oldest is not None


class ConnectionCap:
    """Admits connections up to a limit of all, and a limit of each client."""

    def __init__(
        self, limit: int, *, limit_per_client: int | None = None, find_client: Callable[[str], str | None] | None = None
    ) -> None:
        """`find_client` returns whose an address is, or None if it may be of many clients."""
        self._all = _Group(limit)
        self._limit_per_client = limit if limit_per_client is None else limit_per_client
        self._find_client = find_client
        self._clients: dict[str, _Group] = {}

    @property
    def open_count(self) -> int:
        """The number of open connections."""
        return self._all.count

    def get_wait_s(self) -> float:
        """Seconds until the next connection may be accepted and admitted: the one that would give way is too young."""
        oldest = next(iter(self._all.unfinished), None)
        if oldest is None or self._all.count < self._all.limit:
            return 0.0
        return max(oldest.head_start + _HEAD_GRACE_S - time.monotonic(), 0.0)

    def admit(self, address: str) -> OpenConnection | None:
        """Count a new connection from an IP address, or from "" on a unix socket; None where there is no room for it.

        A client that has as many as it may replaces one of its own.
        """
        client = None if self._find_client is None or not address else self._find_client(address)
        if client is None:
            return OpenConnection((self._all,), lambda: None) if self._all.make_room() else None
        group = self._clients.setdefault(client, _Group(self._limit_per_client))
        if group.make_room() and self._all.make_room():
            # What gave way may have been the client's last, and its group forgotten.
            self._clients[client] = group
            return OpenConnection((self._all, group), lambda: self._forget_if_empty(client))
        self._forget_if_empty(client)
        return None

    def _forget_if_empty(self, client: str) -> None:
        group = self._clients.get(client)
        if group is not None and not group.count:
            del self._clients[client]
