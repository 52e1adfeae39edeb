"""After a change of the key: everything is sealed with the new one, beside whatever else goes on."""

import asyncio
import time
from typing import Final

import structlog

from dcvd.core.instants import DAY, SECOND
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.vault import resealing
from dcvd.store.vault.sealed_columns import Kind

log = structlog.get_logger(__name__)

_BATCH: Final = 100
"""Values; a batch keeps the writer for some milliseconds, and the event loop for as long."""
_BREATH: Final = 0.01
_REPORT_EVERY: Final = 10.0
_AFTER_FAILURE: Final = 60.0
_WHILE_NEEDED: Final = 600.0
"""Seconds after which the values have ended that live for minutes only, and are not sealed anew."""
_ROUND: Final = DAY / SECOND


class Resealer:
    """Makes a round at once, and goes on with what is left in later ones, until it is cancelled."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Runs until it is cancelled; a round that the database refuses is made again a minute later."""
        while True:
            try:
                pause = _WHILE_NEEDED if await self.round() else _ROUND
            except StoreError as error:
                log.warning("vault.round_failed", error=error.message)
                pause = _AFTER_FAILURE
            await asyncio.sleep(pause)

    async def round(self) -> bool:
        """Seal anew what is to be, and forget the keys that nothing needs; whether one is needed for a while yet."""
        kinds = await resealing.outdated(self._context)
        for kind in kinds:
            if not kind.column.brief:
                await self._reseal(kind)
        await resealing.forget_unneeded(self._context)
        return any(kind.column.brief for kind in kinds)

    async def _reseal(self, kind: Kind) -> None:
        field, key_id = kind.column.field, kind.key_id
        resealed, damaged, after = 0, 0, ""
        reported = time.monotonic()
        while True:
            batch = await resealing.reseal(self._context, kind, after=after, limit=_BATCH)
            resealed, damaged, after = resealed + batch.resealed, damaged + batch.damaged, batch.last
            if batch.seen < _BATCH:
                break
            if time.monotonic() - reported >= _REPORT_EVERY:
                reported = time.monotonic()
                log.info("vault.resealing", field=field, key_id=key_id, resealed=resealed)
            await asyncio.sleep(_BREATH)
        log.info("vault.resealed", field=field, key_id=key_id, resealed=resealed, damaged=damaged)
