"""The loop that works on due zones: one of each organization at a time, so that nobody's zones hold back another's."""

import asyncio
from typing import Final

import structlog

from dcvd.core.instants import MINUTE, to_seconds
from dcvd.core.zones.zone import Zone
from dcvd.errors import StoreError
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.services.context import Context
from dcvd.services.zones import checks
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store import zones
from dcvd.store.engine.transactions import Snapshot, Topic

log = structlog.get_logger(__name__)

_MAX_AT_ONCE: Final = 8
_FAILURE_DELAY_MS: Final = 5 * MINUTE


class ZoneLoop:
    """Works on due zones in rounds, of up to eight organizations each."""

    def __init__(self, context: Context, checker: ZoneChecker, *, read_pause_s: float = READ_PAUSE_S) -> None:
        self._context = context
        self._checker = checker
        self._read_pause_s = read_pause_s
        self._commit_event = context.database.listen(Topic.ZONES)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            # Cleared before the read: a change after it wakes the loop again.
            self._commit_event.clear()
            try:
                count = await self.run_round()
            except StoreError as error:
                await pause_after_failed_read(log, "zones.not_read", error, self._read_pause_s)
                continue
            if not count:
                await self._sleep()

    async def run_round(self) -> int:
        """Work on the zone of each organization that has been due for the longest; return how many there were."""
        now = self._context.now()
        due_zones = await self._context.database.read(lambda snapshot: _list_due(snapshot, now))
        async with asyncio.TaskGroup() as group:
            for zone in due_zones:
                group.create_task(self._work_on(zone), name=f"zones.{zone.id}")
        return len(due_zones)

    async def _work_on(self, zone: Zone) -> None:
        try:
            await self._checker.work_on(zone)
        except StoreError:
            raise
        except Exception:
            # Whatever it was, this zone waits like the others: it must not be tried again and again at once.
            log.exception("zone.failed", zone=zone.name, zone_id=zone.id)
            await checks.postpone(self._context, zone, self._context.now() + _FAILURE_DELAY_MS)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(to_seconds(self._context.config.sync.tick)):
                await self._commit_event.wait()
        except TimeoutError:
            return


def _list_due(snapshot: Snapshot, now: int) -> list[Zone]:
    due_zones: list[Zone] = []
    while len(due_zones) < _MAX_AT_ONCE:
        zone = zones.find_due(snapshot, now, {zone.org_id for zone in due_zones})
        if zone is None:
            break
        due_zones.append(zone)
    return due_zones
