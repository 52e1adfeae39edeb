"""Keep idle connections for later requests, for a while and up to a limit."""

import asyncio
from collections import OrderedDict

from dcvd.kit.egress.connection import EgressConnection
from dcvd.kit.egress.request import Origin


class IdleConnections:
    """Holds at most `limit` idle connections, each for `keep_alive_s`; the one that was idle for longest goes first.

    None is kept or given beyond its age: a busy connection would never see that its name has moved.
    """

    def __init__(self, limit: int, keep_alive_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._keep_alive_s = keep_alive_s
        self._limit = limit
        self._by_origin: dict[Origin, list[EgressConnection]] = {}
        self._oldest_first: OrderedDict[EgressConnection, None] = OrderedDict()
        self._expiry_timer: asyncio.TimerHandle | None = None

    def take(self, origin: Origin) -> EgressConnection | None:
        """Take the connection that was used last, if the receiver has neither closed it nor sent anything since."""
        while connections := self._by_origin.get(origin):
            connection = connections.pop()
            if not connections:
                del self._by_origin[origin]
            del self._oldest_first[connection]
            if connection.is_usable() and self._loop.time() < connection.retirement_time:
                return connection
            connection.abort()
        return None

    def put(self, connection: EgressConnection) -> None:
        """Keep a connection, dropping the oldest one when there is no room. One that is too old is closed."""
        now = self._loop.time()
        if now >= connection.retirement_time:
            connection.abort()
            return
        if len(self._oldest_first) >= self._limit:
            self._drop_oldest()
        connection.idle_since = now
        self._by_origin.setdefault(connection.origin, []).append(connection)
        self._oldest_first[connection] = None
        if self._expiry_timer is None:
            self._expiry_timer = self._loop.call_later(self._keep_alive_s, self._drop_expired)

    def close(self) -> None:
        """Drop all connections."""
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
            self._expiry_timer = None
        while self._oldest_first:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        connection, _ = self._oldest_first.popitem(last=False)
        connections = self._by_origin[connection.origin]
        connections.remove(connection)  # removes the first one, which has been idle for longest
        if not connections:
            del self._by_origin[connection.origin]
        connection.abort()

    def _drop_expired(self) -> None:
        self._expiry_timer = None
        latest_expired = self._loop.time() - self._keep_alive_s
        while self._oldest_first:
            remaining_s = next(iter(self._oldest_first)).idle_since - latest_expired
            if remaining_s > 0:
                self._expiry_timer = self._loop.call_later(remaining_s, self._drop_expired)
                return
            self._drop_oldest()
