"""The signs by which the heartbeat tells that the daemon does its work: what it stores, sends, checks and may do."""

from collections.abc import Mapping
from typing import Final

from dcvd.alerts.heartbeat import VitalSign
from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.daemon.watchdog import MovingPart
from dcvd.delivery import DeliveryPool
from dcvd.services.context import Context
from dcvd.services.readiness import check_store
from dcvd.sync.loop import SyncLoop

LONGEST_STALL_S: Final = 60.0
"""Seconds for which a part may do nothing, as the watchdog has it."""


def list_vital_signs(
    context: Context, delivery: DeliveryPool, sync: SyncLoop, *, longest_stall_s: float = LONGEST_STALL_S
) -> Mapping[str, VitalSign]:
    """List the signs by the names of what they are about. `longest_stall_s`: for how long a part may do nothing."""

    async def check_writer() -> str | None:
        # A write: a writer that hangs, or a disk that refuses, is seen by nothing else for sure.
        await check_store(context)
        return None

    async def check_delivery() -> str | None:
        if (fault := _describe_stall(delivery.movement, longest_stall_s)) is not None:
            return fault
        return None if await delivery.check_sending() else "Webhooks cannot be sent by a fault of this machine."

    async def check_sync() -> str | None:
        return _describe_stall(sync.movement, longest_stall_s)

    async def check_token() -> str | None:
        zone = context.saas_zone.value
        fault = next((each for each in zone.faults if each.code is ZoneFaultCode.UNAUTHORIZED), None)
        return None if fault is None else fault.message

    return {"writer": check_writer, "delivery": check_delivery, "sync": check_sync, "token": check_token}


def _describe_stall(part: MovingPart, longest_stall_s: float) -> str | None:
    stall_s = part.measure_stall_s()
    return None if stall_s <= longest_stall_s else f"It has done nothing for {stall_s:.0f} s."
