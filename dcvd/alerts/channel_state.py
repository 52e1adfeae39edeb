"""Whether a channel works: after a fault that every message would meet, all of them wait."""

import time
from typing import Final

import structlog

from dcvd.core.alerts.messages import Channel
from dcvd.core.alerts.sending import SendOutcome, SendResult
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

_MAX_DOUBLINGS: Final = 6


class ChannelState:
    """Counts and logs the faults of a channel. first_pause_s: the pause after the first of them, which doubles."""

    def __init__(self, channel: Channel, metrics: Metrics, *, first_pause_s: float) -> None:
        self.channel = channel
        self._metrics = metrics
        self._first_pause_s = first_pause_s
        self._fault_count = 0
        self._paused_until_s = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt met a fault that every other would meet."""
        return self._fault_count > 0

    @property
    def wait_s(self) -> float:
        """The seconds until the next attempt may be made."""
        return max(self._paused_until_s - time.monotonic(), 0.0)

    def forget_faults(self) -> None:
        """Try again at once: the configuration has changed."""
        self._paused_until_s = 0.0

    def note(self, result: SendResult) -> bool:
        """Note what became of an attempt; return whether it ended a time of faults."""
        self._metrics.count_alert_attempt(self.channel, result.outcome)
        if result.outcome is SendOutcome.FAULT and result.is_general:
            pause_s = self._first_pause_s * 2.0 ** min(self._fault_count, _MAX_DOUBLINGS)
            self._paused_until_s = time.monotonic() + pause_s
            log.error("alerts.channel_failing", channel=self.channel, error=result.detail, retry_in_s=round(pause_s, 1))
            self._fault_count += 1
        elif result.outcome is not SendOutcome.FAULT:
            has_recovered = self.is_failing
            if has_recovered:
                log.info("alerts.channel_recovered", channel=self.channel)
            self._fault_count = 0
            self._paused_until_s = 0.0
            return has_recovered
        return False
