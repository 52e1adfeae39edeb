"""After a change of the key, seal everything with the new one while the daemon works."""

import asyncio
import time
from typing import Final

import structlog

from dcvd.core.instants import DAY, to_seconds
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.vault import resealing
from dcvd.store.vault.sealed_columns import SealedGroup

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 100
"""Values; a batch holds the writer for some milliseconds, and the event loop for as long."""
_BATCH_PAUSE_S: Final = 0.01
_REPORT_INTERVAL_S: Final = 10.0
_SHORT_LIVED_PAUSE_S: Final = 600.0
"""Seconds after which all short-lived values, which are not sealed anew, have expired."""
_ROUND_INTERVAL_S: Final = to_seconds(DAY)


class Resealer:
    """Makes a round at once and later rounds for what is left, until it is cancelled."""

    def __init__(self, context: Context, *, failure_pause_s: float = 60.0) -> None:
        self._context = context
        self._failure_pause_s = failure_pause_s

    async def run(self) -> None:
        """Run until cancelled; a round that fails at the database is made again after `failure_pause_s`."""
        while True:
            try:
                pause_s = _SHORT_LIVED_PAUSE_S if await self.run_once() else _ROUND_INTERVAL_S
            except StoreError as error:
                log.warning("vault.round_failed", error=error.message)
                pause_s = self._failure_pause_s
            await asyncio.sleep(pause_s)

    async def run_once(self) -> bool:
        """Reseal what is outdated, and forget unneeded keys; return whether an old key is needed for a while yet."""
        groups = await resealing.list_outdated(self._context)
        for group in groups:
            if not group.column.is_short_lived:
                await self._reseal(group)
        await resealing.forget_unneeded_keys(self._context)
        return any(group.column.is_short_lived for group in groups)

    async def _reseal(self, group: SealedGroup) -> None:
        field, key_id = group.column.field, group.key_id
        resealed, damaged, after = 0, 0, ""
        last_report_s = time.monotonic()
        while True:
            batch = await resealing.reseal(self._context, group, after=after, limit=_BATCH_SIZE)
            resealed, damaged, after = resealed + batch.resealed_count, damaged + batch.damaged_count, batch.last_row
            if batch.examined_count < _BATCH_SIZE:
                break
            if time.monotonic() - last_report_s >= _REPORT_INTERVAL_S:
                last_report_s = time.monotonic()
                log.info("vault.resealing", field=field, key_id=key_id, resealed=resealed)
            await asyncio.sleep(_BATCH_PAUSE_S)
        log.info("vault.resealed", field=field, key_id=key_id, resealed=resealed, damaged=damaged)
