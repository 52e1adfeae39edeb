"""After a change of the key: everything is sealed with the new one, beside whatever else goes on."""

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
"""Values; a batch keeps the writer for some milliseconds, and the event loop for as long."""
_BATCH_PAUSE_S: Final = 0.01
_REPORT_INTERVAL_S: Final = 10.0
_FAILURE_PAUSE_S: Final = 60.0
_SHORT_LIVED_PAUSE_S: Final = 600.0
"""Seconds after which the values have ended that live for minutes only, and are not sealed anew."""
_ROUND_INTERVAL_S: Final = to_seconds(DAY)


class Resealer:
    """Makes a round at once, and goes on with what is left in later ones, until it is cancelled."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Runs until it is cancelled; a round that the database refuses is made again a minute later."""
        while True:
            try:
                pause = _SHORT_LIVED_PAUSE_S if await self.run_once() else _ROUND_INTERVAL_S
            except StoreError as error:
                log.warning("vault.round_failed", error=error.message)
                pause = _FAILURE_PAUSE_S
            await asyncio.sleep(pause)

    async def run_once(self) -> bool:
        """Seal anew what is to be, and forget the keys that nothing needs; whether one is needed for a while yet."""
        kinds = await resealing.list_outdated(self._context)
        for kind in kinds:
            if not kind.column.is_short_lived:
                await self._reseal(kind)
        await resealing.forget_unneeded_keys(self._context)
        return any(kind.column.is_short_lived for kind in kinds)

    async def _reseal(self, group: SealedGroup) -> None:
        field, key_id = group.column.field, group.key_id
        resealed, damaged, after = 0, 0, ""
        reported = time.monotonic()
        while True:
            batch = await resealing.reseal(self._context, group, after=after, limit=_BATCH_SIZE)
            resealed, damaged, after = resealed + batch.resealed_count, damaged + batch.damaged_count, batch.last_row
            if batch.examined_count < _BATCH_SIZE:
                break
            if time.monotonic() - reported >= _REPORT_INTERVAL_S:
                reported = time.monotonic()
                log.info("vault.resealing", field=field, key_id=key_id, resealed=resealed)
            await asyncio.sleep(_BATCH_PAUSE_S)
        log.info("vault.resealed", field=field, key_id=key_id, resealed=resealed, damaged=damaged)
