"""Continues the jobs that waited for Cloudflare, once it answers again, or once a fault of our zone there is over."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.jobs.definitions import CODES_ENDED_BY_CLOUDFLARE
from dcvd.services.context import Context
from dcvd.services.jobs import queue

log = structlog.get_logger(__name__)

_PAUSE_S: Final = 30.0


class OutageRecovery:
    """Makes the jobs due that only waited for Cloudflare, as soon as its recovery is announced.

    pause_s: the seconds between two times, at least: if Cloudflare answers only now and then, the jobs' own backoff
    decides.
    """

    def __init__(self, context: Context, *, pause_s: float = _PAUSE_S) -> None:
        self._context = context
        self._pause_s = pause_s
        self._ended_codes: set[str] = set()
        self._announced = asyncio.Event()

    def announce(self) -> None:
        """Report that Cloudflare answers again."""
        self.announce_end(CODES_ENDED_BY_CLOUDFLARE)

    def announce_end(self, codes: Iterable[str]) -> None:
        """Report that outages with these codes are over."""
        self._ended_codes.update(codes)
        self._announced.set()

    async def run(self) -> None:
        """Run until cancelled; what could not be stored is tried again after the pause."""
        while True:
            await self._announced.wait()
            self._announced.clear()
            codes, self._ended_codes = self._ended_codes, set()
            try:
                await queue.end_outage(self._context, codes)
            except StoreError as error:
                log.warning("daemon.recovery_not_stored", error=error.message)
                self.announce_end(codes)
            await asyncio.sleep(self._pause_s)
