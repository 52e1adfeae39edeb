"""The janitor's round."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from dcvd.core.jobs import JobState
from dcvd.core.webhooks import DeliveryState
from dcvd.errors import StoreError
from dcvd.services import plans
from dcvd.services.context import Context
from dcvd.services.tokens import LastUse
from dcvd.store import deliveries, events, jobs, maintenance, tokens
from dcvd.store.database import Transaction

log = structlog.get_logger(__name__)

_ROUND: Final = 60.0
_BATCH: Final = 200
"""Rows a transaction; small, so that the writer is never held for long."""
_BREATH: Final = 0.05
_CHECKPOINT_EVERY: Final = 3600.0
_PAGES: Final = 500


class Janitor:
    """Makes a round each minute until it is cancelled."""

    def __init__(self, context: Context, last_use: LastUse) -> None:
        self._context = context
        self._last_use = last_use
        self._checkpoint_at = time.monotonic() + _CHECKPOINT_EVERY

    async def run(self) -> None:
        """Runs until it is cancelled; a round that the database refuses is made again a minute later."""
        while True:
            await asyncio.sleep(_ROUND)
            try:
                await self.round()
            except StoreError as error:
                log.warning("janitor.round_failed", error=error.message)

    async def round(self) -> None:
        """Store the last uses of tokens, remove what is past its retention, keep the file in shape."""
        await self._last_use.store(self._context)
        await plans.repair(self._context)
        now = self._context.now()
        keep = self._context.config.retention
        removed = {
            "tokens": await self._sweep(lambda tx: tokens.delete_expired(tx, now - keep.tokens, _BATCH)),
            "deliveries": await self._sweep(
                lambda tx: deliveries.delete_ended(tx, DeliveryState.DELIVERED, now - keep.deliveries, _BATCH)
            ),
            "dead_letters": await self._sweep(
                lambda tx: deliveries.delete_ended(tx, DeliveryState.DEAD, now - keep.dead_letters, _BATCH)
            ),
            "jobs": await self._sweep(lambda tx: jobs.delete_ended(tx, JobState.DONE, now - keep.jobs, _BATCH)),
            "dead_jobs": await self._sweep(
                lambda tx: jobs.delete_ended(tx, JobState.DEAD, now - keep.dead_letters, _BATCH)
            ),
            "events": await self._sweep(lambda tx: events.delete_old(tx, now - keep.events, _BATCH)),
        }
        if any(removed.values()):
            log.info("janitor.removed", **{kind: count for kind, count in removed.items() if count})
            await self._context.database.maintain(lambda connection: maintenance.shrink(connection, _PAGES))
        if time.monotonic() >= self._checkpoint_at:
            self._checkpoint_at = time.monotonic() + _CHECKPOINT_EVERY
            if not await self._context.database.maintain(maintenance.checkpoint):
                log.warning("janitor.checkpoint_busy")

    async def _sweep(self, batch: Callable[[Transaction], int]) -> int:
        total = 0
        while True:
            count = await self._context.database.write(batch)
            total += count
            if count < _BATCH:
                return total
            await asyncio.sleep(_BREATH)
