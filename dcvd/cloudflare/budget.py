"""The pace of calls: Cloudflare allows 1,200 requests in 5 minutes, shared with the operator's other tools, and 15
certificates a minute; over it, every call of the account is refused for minutes.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Final

import structlog

from dcvd.kit.window import Window

log = structlog.get_logger(__name__)

_WINDOW: Final = 300.0
_MINUTE: Final = 60.0
_RATELIMIT: Final = re.compile(r"r=(\d{1,9})\s*;\s*t=(\d{1,9})", re.ASCII)
_LONGEST_PROBE: Final = 60.0
_LONGEST_PAUSE: Final = 600.0


class Budget:
    """Every call asks here first; answers tell it what is left."""

    def __init__(self, requests_per_5m: int, certificates_per_minute: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests = Window(requests_per_5m, _WINDOW, clock)
        self._certificates = Window(certificates_per_minute, _MINUTE, clock)
        self._paused_until = clock()
        self._refusals = 0
        self._turn = asyncio.Lock()
        self._certificate_turn = asyncio.Lock()

    def configure(self, requests_per_5m: int, certificates_per_minute: int) -> None:
        """New limits; the calls already made still count."""
        self._requests.limit = requests_per_5m
        self._certificates.limit = certificates_per_minute

    async def acquire(self, *, certificate: bool) -> None:
        """Wait until a call may be made; `certificate` for one that orders a certificate.

        Such calls queue apart, so that a thousand registrations do not hold up the looks.
        """
        if certificate:
            async with self._certificate_turn:
                while (wait := self._certificates.wait()) > 0:  # noqa: ASYNC110  # time is what is waited for
                    await asyncio.sleep(wait)
                self._certificates.take()
        async with self._turn:
            while (wait := max(self._requests.wait(), self.paused_for())) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait)
            self._requests.take()

    def certificates_free(self) -> int | None:
        """Certificates that could be ordered now; None without a limit."""
        return self._certificates.free()

    def heed(self, status: int, ratelimit: str | None, retry_after: float | None) -> None:
        """Learn from an answer's status, `Ratelimit` header (`"default";r=50;t=30`) and `retry-after` in seconds."""
        if status == 429:
            # Cloudflare always says for how long; where something in between does not, it is probed ever more rarely.
            probe = min(2.0**self._refusals, _LONGEST_PROBE)
            self._refusals += 1
            self._pause(probe if retry_after is None else retry_after, "rate limited")
            return
        self._refusals = 0
        match = _RATELIMIT.search(ratelimit or "")
        if match is not None and int(match[1]) == 0:
            self._pause(float(match[2]), "nothing left")

    def paused_for(self) -> float:
        """Seconds for which every call is held back."""
        return max(self._paused_until - self._clock(), 0.0)

    def _pause(self, seconds: float, why: str) -> None:
        until = self._clock() + min(seconds, _LONGEST_PAUSE)
        if until > self._paused_until:
            self._paused_until = until
            log.warning("cloudflare.paused", seconds=round(seconds, 1), why=why)
