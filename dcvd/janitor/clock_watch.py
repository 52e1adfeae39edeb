"""The watch over the clock: it looks each second, asks for the time where that is in doubt, and stores it."""

import asyncio
import time
from typing import Final

import structlog

from dcvd.core.clock_discipline import ClockReport, ClockStep
from dcvd.errors import StoreError
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.egress.control import ControlServer
from dcvd.metrics import Metrics
from dcvd.services import clock_steps
from dcvd.services.context import Context

log = structlog.get_logger(__name__)

_LOOK_INTERVAL_S: Final = 1.0
_STORE_INTERVAL_S: Final = 60.0
_FIRST_ASK_PAUSE_S: Final = 1.0
_DOUBT_ASK_PAUSE_S: Final = 60.0
"""Seconds between two questions at most, while the time is in doubt; the pauses grow up to it."""
_ASK_INTERVAL_S: Final = 3600.0
"""Seconds between two questions while nothing is in doubt: most days Cloudflare answers calls all the time."""


class ClockWatch:
    """Holds a clock against the monotonic one and against Cloudflare's, until it is cancelled."""

    def __init__(
        self,
        context: Context,
        clock: DisciplinedClock,
        control: ControlServer,
        metrics: Metrics,
        *,
        look_interval_s: float = _LOOK_INTERVAL_S,
        first_ask_pause_s: float = _FIRST_ASK_PAUSE_S,
    ) -> None:
        self._context = context
        self._clock = clock
        self._control = control
        self._metrics = metrics
        self._look_interval_s = look_interval_s
        self._first_ask_pause_s = first_ask_pause_s
        self._steps: list[ClockStep] = []
        self._told = ClockReport(ahead_ms=0, unconfirmed_ms=None)
        self._next_store_s = 0.0
        self._changed = clock.listen()

    async def begin(self) -> None:
        """Settle the time before anything goes by it. Raises StoreError.

        Cloudflare is asked where the machine's clock says something that cannot be, or that cannot be known.
        """
        before = await clock_steps.read_remembered(self._context)
        self._clock.begin(before)
        if self._is_in_doubt and (await self._control.ask_for_time()).ahead_ms is not None and self._is_in_doubt:
            # One answer that contradicts the machine's clock might be wrong itself.
            await self._control.ask_for_time()
        # Nothing was planned by the time before these steps.
        self._clock.take_steps()
        if before is None:
            await clock_steps.remember(self._context, self._clock.remember())
        else:
            await clock_steps.resume(self._context, before, self._clock.remember())
        self._next_store_s = time.monotonic() + _STORE_INTERVAL_S
        self._tell()

    async def run(self) -> None:
        """Run until cancelled; what the database refuses is stored with the next look."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_for_ever(), name="clock.look")
            group.create_task(self._ask_for_ever(), name="clock.ask")

    async def look(self) -> None:
        """Look once: plan anew what a step made wrong, and store the time when that is due. Raises StoreError."""
        self._clock.look()
        self._steps += self._clock.take_steps()
        while self._steps:
            await clock_steps.plan_anew(self._context, self._steps[0], self._clock.remember())
            del self._steps[0]
            self._metrics.count_clock_step()
        if time.monotonic() >= self._next_store_s:
            await clock_steps.remember(self._context, self._clock.remember())
            self._next_store_s = time.monotonic() + _STORE_INTERVAL_S
        self._tell()

    @property
    def _is_in_doubt(self) -> bool:
        return self._clock.report().is_in_doubt

    async def _look_for_ever(self) -> None:
        while True:
            # Cleared before the look: what changes after it wakes the loop again.
            self._changed.clear()
            try:
                await self.look()
            except StoreError as error:
                log.warning("clock.not_stored", error=error.message)
            await self._wait(self._look_interval_s)

    async def _ask_for_ever(self) -> None:
        pause_s, next_ask_s = self._first_ask_pause_s, time.monotonic() + _ASK_INTERVAL_S
        while True:
            if self._is_in_doubt:
                await self._control.ask_for_time()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _DOUBT_ASK_PAUSE_S)
                continue
            pause_s = self._first_ask_pause_s
            if time.monotonic() >= next_ask_s:
                await self._control.ask_for_time()
                next_ask_s = time.monotonic() + _ASK_INTERVAL_S
            await asyncio.sleep(self._look_interval_s)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        """Log what has begun or is over."""
        report, told = self._clock.report(), self._told
        if report.is_wrong and not told.is_wrong:
            log.error(
                "clock.wrong", ahead_s=report.ahead_ms // 1000, advice="set the machine's clock; see operations.md"
            )
        elif told.is_wrong and not report.is_wrong:
            log.info("clock.right")
        if report.is_confirmed is not told.is_confirmed:
            if report.is_confirmed:
                log.info("clock.confirmed")
            else:
                log.warning(
                    "clock.unconfirmed", why="Cloudflare told no time: nothing is deleted or ended until it does"
                )
        self._told = report
