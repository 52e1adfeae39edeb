"""Servers that gave no answer, remembered: a provider that is down costs a few timeouts, not one a domain."""

import time
from collections.abc import Callable
from typing import Final

from dcvd.config import SocketAddress

DOWN_FOR: Final = 30.0
"""Seconds for which a silent server is left alone; then the next question tries it again."""
_ENOUGH: Final = 3
_MOST_SERVERS: Final = 10_000
_MOST_ZONES: Final = 100
"""Of one server."""


class _Silence:
    def __init__(self) -> None:
        self.zones: dict[str, int] = {}
        self.until: dict[str, float] = {}


class Health:
    """Counts timeouts in a row. Down for one zone after three about it, and for all after three about different zones:
    some servers are silent about zones that are not theirs, and a tenant could delegate one to them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._silent: dict[SocketAddress, _Silence] = {}

    def is_down(self, server: SocketAddress, zone: str) -> bool:
        silence = self._silent.get(server)
        if silence is None:
            return False
        return self._now() < max(silence.until.get(zone, 0.0), silence.until.get("", 0.0))

    def is_suspect(self, server: SocketAddress) -> bool:
        """Whether its last answer that was waited for did not come."""
        return server in self._silent

    def answered(self, server: SocketAddress) -> None:
        self._silent.pop(server, None)

    def timed_out(self, server: SocketAddress, zone: str) -> bool:
        """Count one; whether that makes it down."""
        if server not in self._silent and len(self._silent) >= _MOST_SERVERS:
            self._silent.pop(next(iter(self._silent)))
        silence = self._silent.setdefault(server, _Silence())
        if zone in silence.zones or len(silence.zones) < _MOST_ZONES:
            silence.zones[zone] = silence.zones.get(zone, 0) + 1
        until = self._now() + DOWN_FOR
        if silence.zones.get(zone, 0) >= _ENOUGH:
            silence.until[zone] = until
        if len(silence.zones) >= _ENOUGH:
            silence.until[""] = until
        return self.is_down(server, zone)
