"""The loop that finds out whether many domains wait at one stage at once."""

import asyncio
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.stalls import find_crowds
from dcvd.core.domains.stalls import LONGEST_MS, STALLED_AFTER_MS, Stall
from dcvd.errors import StoreError
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot

log = structlog.get_logger(__name__)

_INTERVAL_S: Final = 60.0
_MAX_GROUPS: Final = 200
"""Each takes a few pattern searches. What the smaller ones say is not said of many."""


class StallWatch:
    """Keeps the stalls in what is known of the operator's zone, where diagnoses find them."""

    def __init__(self, context: Context, *, interval_s: float = _INTERVAL_S) -> None:
        self._context = context
        self._interval_s = interval_s

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                await pause_after_failed_read(log, "stalls.not_read", error, READ_PAUSE_S)
                continue
            await asyncio.sleep(self._interval_s)

    async def look(self) -> None:
        """Look once. Raises StoreError."""
        now = self._context.now()
        until = now - STALLED_AFTER_MS
        groups = await self._context.database.read(
            lambda snapshot: domains.list_waiting_groups(snapshot, now - LONGEST_MS, until, _MAX_GROUPS)
        )
        crowds = find_crowds(groups, until)

        def find_stalls(snapshot: Snapshot) -> tuple[Stall, ...]:
            return tuple(
                crowd for crowd in crowds if domains.count_ready_since(snapshot, crowd.since, crowd.count) < crowd.count
            )

        self._store(await self._context.database.read(find_stalls) if crowds else ())

    def _store(self, stalls: tuple[Stall, ...]) -> None:
        zone = self._context.saas_zone.value
        before, after = ({(stall.stage, stall.cause) for stall in found} for found in (zone.stalls, stalls))
        for stall in stalls:
            if (stall.stage, stall.cause) not in before:
                log.warning("stall.found", stage=stall.stage.value, cause=stall.cause, domains=stall.count)
        for stage, cause in before - after:
            log.info("stall.ended", stage=stage.value, cause=cause)
        self._context.saas_zone.value = replace(zone, stalls=stalls)
