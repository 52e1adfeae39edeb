"""The watch over what dcvd itself needs: it looks each minute, and as soon as something else is known of Cloudflare or
of the clock."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.services.context import Context
from dcvd.services.events import operator_events
from dcvd.services.system.conditions import read_state
from dcvd.services.system.growth import DatabaseGrowth
from dcvd.store.engine.disk import measure_database, measure_free_bytes

log = structlog.get_logger(__name__)

_INTERVAL_S: Final = 60.0


class SystemWatch:
    """Reports the state of the system to the operator's programs until it is cancelled."""

    def __init__(
        self,
        context: Context,
        clock: DisciplinedClock | None = None,
        *,
        interval_s: float = _INTERVAL_S,
        measure_free: Callable[[Path], int] = measure_free_bytes,
        growth: DatabaseGrowth | None = None,
    ) -> None:
        """`measure_free` returns the bytes that are free beside a file; it may raise OSError.

        growth: what learns at each look how large the database is.
        """
        self._context = context
        self._interval_s = interval_s
        self._measure_free = measure_free
        self._clock = clock
        self._growth = DatabaseGrowth() if growth is None else growth
        self._wake = asyncio.Event() if clock is None else clock.listen()
        context.saas_zone.derive(lambda _: self._wake.set())

    async def run(self) -> None:
        """Run until cancelled; what the database refuses is reported the next time."""
        while True:
            self._wake.clear()
            try:
                await self.run_once()
            except StoreError as error:
                log.warning("system_watch.failed", error=error.message)
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def run_once(self) -> None:
        """Look once, and report what changed. Raises StoreError."""
        state = await read_state(
            self._context, None if self._clock is None else self._clock.report(), measure_free=self._measure_free
        )
        size = await asyncio.to_thread(measure_database, self._context.config.database.path)
        if size is not None:
            self._growth.note(size.total_bytes)
        for change in await operator_events.report_system_state(self._context, state):
            log.info("system_watch.reported", condition=change.condition.value, status=change.status)
