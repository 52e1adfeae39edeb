"""Faults of our own machine, by which attempts fail: they count for nobody, and are tried again soon."""

import asyncio
from typing import Final

import structlog

from dcvd.kit.egress.failures import EgressError
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

OWN_FAULT_PAUSE_S: Final = 1.0
"""Seconds before an attempt is tried again after the first fault."""
_MAX_PAUSE_S: Final = 30.0
_LOG_INTERVAL_S: Final = 30.0


class OwnFaults:
    """Counts the faults, logs some of them, and says after how long to try again."""

    def __init__(self, metrics: Metrics, *, min_pause_s: float = OWN_FAULT_PAUSE_S) -> None:
        self._metrics = metrics
        self._min_pause_s = min_pause_s
        self._began_at: float | None = None
        self._logged_at = float("-inf")
        self._unlogged = 0

    def record(self, error: EgressError) -> float:
        """Record a fault; return the seconds after which to try again, which grow with the time that faults last."""
        now = asyncio.get_running_loop().time()
        if self._began_at is None:
            self._began_at = now
        pause_s = min(max(now - self._began_at, self._min_pause_s), _MAX_PAUSE_S)
        self._metrics.count_own_fault(error.reason or error.kind)
        self._unlogged += 1
        if now - self._logged_at >= _LOG_INTERVAL_S:
            log.error(
                "delivery.own_fault",
                reason=error.reason,
                error=error.message,
                faults=self._unlogged,
                retry_in_s=round(pause_s, 1),
            )
            self._logged_at, self._unlogged = now, 0
        return pause_s

    def end(self) -> None:
        """Note that an attempt was made: whatever it was, it is over."""
        self._began_at = None
