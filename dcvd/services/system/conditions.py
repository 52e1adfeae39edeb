"""Find out how things stand with what dcvd itself needs: its disk, its backups, its clock, and Cloudflare."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from dcvd.core.clock_discipline import ClockReport
from dcvd.core.system_conditions import Judgement, SystemCondition, SystemState, judge_all
from dcvd.services.context import Context
from dcvd.services.events.operator_events import read_limits
from dcvd.store.backups.mark import read_last_backup
from dcvd.store.engine.disk import measure_free_bytes


async def read_state(
    context: Context, clock: ClockReport | None, *, measure_free: Callable[[Path], int] = measure_free_bytes
) -> SystemState:
    """Read the state of the system.

    measure_free: returns the bytes that are free beside a file; it may raise OSError.
    """
    path = context.config.database.path

    def look_at_disk() -> tuple[int | None, int | None]:
        try:
            free_bytes = measure_free(path)
        except OSError:
            free_bytes = None
        return free_bytes, read_last_backup(path)

    free_bytes, last_backup_at = await asyncio.to_thread(look_at_disk)
    return SystemState(
        zone=context.saas_zone.value,
        database_path=str(path),
        last_backup_at=last_backup_at,
        free_bytes=free_bytes,
        clock=clock,
    )


def judge_state(context: Context, state: SystemState) -> dict[SystemCondition, Judgement]:
    """Judge every condition of which anything is known, as if none had been told before."""
    return dict(judge_all(state, read_limits(context.config), {}, context.now()))
