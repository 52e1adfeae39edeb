"""Faults of our own machine, by which attempts fail: they count for nobody, and are tried again soon."""

import asyncio
from typing import Final

import structlog

from dcvd.kit.egress.failures import EgressError
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

_LOG_INTERVAL_S: Final = 30.0


class OwnFaults:
    """Counts the faults, and logs some of them.

    last_fault_s: when the last one was (loop time); None where there was none.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.last_fault_s: float | None = None
        self._logged_at = float("-inf")
        self._unlogged = 0

    def record(self, error: EgressError, *, retry_in_s: float) -> None:
        """Record a fault; `retry_in_s`: the seconds after which the delivery is tried again."""
        now = self.last_fault_s = asyncio.get_running_loop().time()
        self._metrics.count_own_fault(error.own_fault or error.kind)
        self._unlogged += 1
        if now - self._logged_at >= _LOG_INTERVAL_S:
            log.error(
                "delivery.own_fault",
                fault=error.own_fault,
                error=error.message,
                faults=self._unlogged,
                retry_in_s=round(retry_in_s, 1),
            )
            self._logged_at, self._unlogged = now, 0
