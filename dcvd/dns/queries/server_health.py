"""Servers that gave no answer, remembered: a provider that is down costs a few timeouts, not one a domain."""

import time
from collections.abc import Callable
from typing import Final

from dcvd.config import SocketAddress

DOWN_FOR_S: Final = 30.0
"""Seconds for which a silent server is left alone; then the next question tries it again."""
_TIMEOUTS_UNTIL_DOWN: Final = 3
_MAX_SERVERS: Final = 10_000
_MAX_ZONES_PER_SERVER: Final = 100
"""Of one server."""


class _ServerTimeouts:
    def __init__(self) -> None:
        self.count_by_zone: dict[str, int] = {}
        self.down_until: dict[str, float] = {}


class DnsServerHealth:
    """Counts timeouts in a row. Down for one zone after three about it, and for all after three about different zones:
    some servers are silent about zones that are not theirs, and a tenant could delegate one to them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._timeouts: dict[SocketAddress, _ServerTimeouts] = {}

    def is_down(self, server: SocketAddress, zone: str) -> bool:
        silence = self._timeouts.get(server)
        if silence is None:
            return False
        return self._monotonic() < max(silence.down_until.get(zone, 0.0), silence.down_until.get("", 0.0))

    def is_suspect(self, server: SocketAddress) -> bool:
        """Whether its last answer that was waited for did not come."""
        return server in self._timeouts

    def record_answer(self, server: SocketAddress) -> None:
        self._timeouts.pop(server, None)

    def record_timeout(self, server: SocketAddress, zone: str) -> bool:
        """Count one; whether that makes it down."""
        if server not in self._timeouts and len(self._timeouts) >= _MAX_SERVERS:
            self._timeouts.pop(next(iter(self._timeouts)))
        silence = self._timeouts.setdefault(server, _ServerTimeouts())
        if zone in silence.count_by_zone or len(silence.count_by_zone) < _MAX_ZONES_PER_SERVER:
            silence.count_by_zone[zone] = silence.count_by_zone.get(zone, 0) + 1
        until = self._monotonic() + DOWN_FOR_S
        if silence.count_by_zone.get(zone, 0) >= _TIMEOUTS_UNTIL_DOWN:
            silence.down_until[zone] = until
        if len(silence.count_by_zone) >= _TIMEOUTS_UNTIL_DOWN:
            silence.down_until[""] = until
        return self.is_down(server, zone)
