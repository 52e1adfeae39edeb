"""The pace of calls: Cloudflare allows 1,200 requests in 5 minutes, shared with the operator's other tools, and 15
certificates a minute; over it, every call of the account is refused for minutes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Final, assert_never

import structlog

from dcvd.kit.limits.sliding_window import Window

log = structlog.get_logger(__name__)

REQUEST_WINDOW: Final = 300.0
_MINUTE: Final = 60.0
_RATELIMIT: Final = re.compile(r"r=(\d{1,9})\s*;\s*t=(\d{1,9})", re.ASCII)
_LONGEST_PROBE: Final = 60.0
_LONGEST_PAUSE: Final = 600.0
_LONGEST_SLEEP: Final = 1.0
"""Seconds after which a waiting call looks again: a reload or an answer may have changed what it waits for."""
_RESERVE: Final = 50
"""One in so many calls is kept for whoever waits for an answer at this moment."""
_CATCH_UP: Final = 4
"""Routine calls that may follow each other at once after they were held up, or the clock's grain would cost their
share."""
_LAST_PART: Final = 4
"""Calls that come last get one in so many of the routine ones."""


class Urgency(IntEnum):
    """Who waits for a call."""

    NOW = 0
    """Somebody does, at this moment."""
    SOON = 1
    """Somebody does, but there may be thousands like him: they are spread once half of the window is used."""
    ROUTINE = 2
    LAST = 3
    """Nobody, and it will probably fail."""


class _Line:
    """Calls of one urgency, one behind the other; `at` is when the next of them is planned."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.turn = asyncio.Lock()


class Budget:
    """Every call is made within `call()`; answers tell it what is left.

    Routine calls are spread evenly over the window and leave a reserve, so that whoever waits for an answer never finds
    the window used up. When an answer says that less is left than we know of, others use it too: the rest is spread.
    """

    def __init__(
        self,
        requests_per_window: int,
        certificates_per_minute: int,
        clock: Callable[[], float],
        *,
        window: float = REQUEST_WINDOW,
    ) -> None:
        self._clock = clock
        self._requests = Window(requests_per_window, window, clock)
        self._certificates = Window(certificates_per_minute, _MINUTE, clock)
        self._paused_until = clock()
        self._lines = {urgency: _Line(clock()) for urgency in Urgency}
        self._others = 0
        self._others_until = clock()
        self._refusals = 0
        self._certificate_turn = asyncio.Lock()

    def configure(self, requests_per_window: int, certificates_per_minute: int) -> None:
        """New limits; the calls already made still count."""
        self._requests.limit = requests_per_window
        self._certificates.limit = certificates_per_minute

    @asynccontextmanager
    async def call(self, *, certificate: bool = False, urgency: Urgency = Urgency.NOW) -> AsyncIterator[None]:
        """Wait until a call may be made; it lasts as long as the block, and counts until a window after that.

        certificate: for a call that orders one. Such calls queue apart, so that a thousand registrations do not hold
        up the looks.
        """
        async with self._certificate(wanted=certificate):
            await self._next(urgency)
            try:
                yield
            finally:
                self._requests.end()

    def certificates_free(self) -> int | None:
        """Certificates that could be ordered now; None without a limit."""
        return self._certificates.free()

    def heed(self, status: int, ratelimit: str | None, retry_after: float | None, *, took: float = 0.0) -> None:
        """Learn from an answer's status, `Ratelimit` header (`"default";r=50;t=30`) and `retry-after` in seconds.

        took: the seconds from the call to its answer, which was made at some instant of them.
        """
        if status == 429:
            # Cloudflare always says for how long; where something in between does not, it is probed ever more rarely.
            probe = min(2.0**self._refusals, _LONGEST_PROBE)
            self._refusals += 1
            self._pause(probe if retry_after is None else retry_after, "rate limited")
            return
        self._refusals = 0
        match = _RATELIMIT.search(ratelimit or "")
        if match is not None:
            self._remaining(int(match[1]), float(match[2]), took)

    def paused_for(self) -> float:
        """Seconds for which every call is held back."""
        return max(self._paused_until - self._clock(), 0.0)

    @asynccontextmanager
    async def _certificate(self, *, wanted: bool) -> AsyncIterator[None]:
        if not wanted:
            yield
            return
        async with self._certificate_turn:
            while (wait := self._certificates.wait()) > 0:  # noqa: ASYNC110  # time is what is waited for
                await asyncio.sleep(min(wait, _LONGEST_SLEEP))
            self._certificates.begin()
        try:
            yield
        finally:
            self._certificates.end()

    async def _next(self, urgency: Urgency) -> None:
        """Wait for a call's turn, and begin it."""
        line = self._lines[urgency]
        async with line.turn:
            while (wait := self._wait(urgency, line)) > 0:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(min(wait, _LONGEST_SLEEP))
            spacing = self._spacing() * (_LAST_PART if urgency is Urgency.LAST else 1)
            line.at = max(line.at, self._clock() - _CATCH_UP * spacing) + spacing
            if urgency is Urgency.LAST:
                # One of them at a time queues with the routine calls.
                await self._next(Urgency.ROUTINE)
            else:
                self._requests.begin()

    def _wait(self, urgency: Urgency, line: _Line) -> float:
        limit, others, planned = self._requests.limit, self._used_by_others(), line.at - self._clock()
        match urgency:
            case Urgency.NOW:
                return max(self._requests.wait(others), self.paused_for())
            case Urgency.SOON:
                spread = planned if self._requests.wait(limit // 2 + others) > 0 else 0.0
                return max(spread, self._requests.wait(limit // _RESERVE + others), self.paused_for())
            case Urgency.ROUTINE:
                return max(planned, self._requests.wait(limit // _RESERVE + others), self.paused_for())
            case Urgency.LAST:
                return planned
            case _:
                assert_never(urgency)

    def _spacing(self) -> float:
        """Seconds from one call to the next of those that are spread."""
        limit = self._requests.limit
        return self._requests.seconds / max(limit - self._used_by_others(), 1) if limit > 0 else 0.0

    def _used_by_others(self) -> int:
        """One more than they were seen to use: an answer that nothing is left stops everything for a while."""
        return self._others + 1 if self._others and self._clock() < self._others_until else 0

    def _remaining(self, left: int, seconds: float, took: float) -> None:
        if left == 0:
            self._pause(seconds, "nothing left")
            return
        # Whatever of ours the answer may have counted while it was under way.
        expected = self._requests.free(took)
        if expected is None:
            # The operator says that there is no limit: what is left is somebody else's to judge, until it is nothing.
            return
        others = max(expected - left, 0)
        if others and not self._used_by_others():
            log.info("cloudflare.shared", left=left, expected=expected)
        self._others = others
        self._others_until = self._clock() + min(seconds, self._requests.seconds)

    def _pause(self, seconds: float, why: str) -> None:
        until = self._clock() + min(seconds, _LONGEST_PAUSE)
        if until > self._paused_until:
            self._paused_until = until
            log.warning("cloudflare.paused", seconds=round(seconds, 1), why=why)
