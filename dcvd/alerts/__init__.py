"""What sends alerts by itself: a loop of its own, for which nothing else waits."""

from dcvd.alerts.heartbeat import Heartbeat
from dcvd.alerts.loop import AlertLoop

__all__ = ["AlertLoop", "Heartbeat"]
