"""Remember servers that gave no answer: a provider that is down costs a few timeouts, not one for each domain."""

import time
from collections.abc import Callable
from typing import Final

from dcvd.config import SocketAddress
from dcvd.kit.limits.recent_entries import RecentEntries

DOWN_FOR_S: Final = 30.0
"""Seconds for which a silent server is left alone; then the next query tries it again."""
_TIMEOUTS_UNTIL_DOWN: Final = 3
_MAX_SERVERS: Final = 10_000
_MAX_ZONES_PER_SERVER: Final = 100


class _ServerTimeouts:
    def __init__(self) -> None:
        self.count_by_zone: dict[str, int] = {}
        self.down_until: dict[str, float] = {}


class DnsServerHealth:
    """Counts the timeouts of each server since its last answer, to find out which servers are down.

    Three timeouts about one zone make a server down for that zone; timeouts about three zones make it down for all.
    Some servers are silent about zones that are not theirs, and a tenant could delegate such a zone to them.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._timeouts = RecentEntries[SocketAddress, _ServerTimeouts](_MAX_SERVERS)

    def is_down(self, server: SocketAddress, zone: str) -> bool:
        """Whether a server is down, for one zone or for all."""
        timeouts = self._timeouts.get(server)
        if timeouts is None:
            return False
        return self._monotonic() < max(timeouts.down_until.get(zone, 0.0), timeouts.down_until.get("", 0.0))

    def is_suspect(self, server: SocketAddress) -> bool:
        """Whether the last query to the server timed out."""
        return server in self._timeouts

    def record_answer(self, server: SocketAddress) -> None:
        """Forget the timeouts of a server, because it answered."""
        self._timeouts.pop(server, None)

    def record_timeout(self, server: SocketAddress, zone: str) -> bool:
        """Count a timeout; return whether the server is now down for the zone."""
        timeouts = self._timeouts.use(server, _ServerTimeouts)
        if zone in timeouts.count_by_zone or len(timeouts.count_by_zone) < _MAX_ZONES_PER_SERVER:
            timeouts.count_by_zone[zone] = timeouts.count_by_zone.get(zone, 0) + 1
        until = self._monotonic() + DOWN_FOR_S
        if timeouts.count_by_zone.get(zone, 0) >= _TIMEOUTS_UNTIL_DOWN:
            timeouts.down_until[zone] = until
        if len(timeouts.count_by_zone) >= _TIMEOUTS_UNTIL_DOWN:
            timeouts.down_until[""] = until
        return self.is_down(server, zone)
