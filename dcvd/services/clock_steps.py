"""What follows from a step of the time that dcvd goes by: as long is left of each wait as before it."""

from typing import Final

import structlog

from dcvd.core.clock_discipline import MAX_DOWNTIME_MS, ClockStep, RememberedTime
from dcvd.services.context import Context
from dcvd.store import bulk_lines, domains, idempotency, remembered_time, zones
from dcvd.store.alerts import groups as alert_groups
from dcvd.store.alerts import messages as alert_messages
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import due_times
from dcvd.store.webhooks import deliveries, endpoints

log = structlog.get_logger(__name__)

_PAGE_SIZE: Final = 500


async def read_remembered(context: Context) -> RememberedTime | None:
    """Read what was stored of the time; None at the first start."""
    return await context.database.read(remembered_time.find)


async def remember(context: Context, remembered: RememberedTime) -> None:
    """Store the time, for the next start."""
    await context.database.write(lambda tx: remembered_time.put(tx, remembered))


async def plan_anew(context: Context, step: ClockStep, remembered: RememberedTime) -> None:
    """Plan anew what was planned before a step, and store the time after it, as `remembered`.

    What is overdue after a step back is due now. A step forward moves only what it would make overdue.
    """

    def unit(tx: Transaction) -> dict[str, int]:
        moved = {
            "domains": domains.shift_plans(tx, step),
            "zones": zones.shift_plans(tx, step),
            "jobs": due_times.shift_plans(tx, step),
            "pauses": endpoints.shift_pauses(tx, step),
            "deliveries": _shift_deliveries(tx, step),
            "alerts": alert_groups.shift_plans(tx, step),
            "messages": alert_messages.shift_plans(tx, step),
            "refreshes": connections.refresh_now(tx, step),
            "answers": idempotency.date_back(tx, step),
            "bulk_lines": bulk_lines.date_back(tx, step),
        }
        remembered_time.put(tx, remembered)
        return moved

    moved = await context.database.write(unit)
    log.warning(
        "clock.stepped", seconds=step.length_ms // 1000, **{kind: count for kind, count in moved.items() if count}
    )


async def resume(context: Context, before: RememberedTime, remembered: RememberedTime) -> None:
    """Take up, at a start, what was planned by the time `before`, and store the time now, as `remembered`.

    A time that lies before it is a step back. After a long stop, endpoints have not been failing all that time.
    """
    step = ClockStep(before.seen_at, remembered.seen_at)
    if step.length_ms < 0:
        await plan_anew(context, step, remembered)
    elif step.length_ms > MAX_DOWNTIME_MS:

        def unit(tx: Transaction) -> None:
            _restart_failing_times(tx, step)
            remembered_time.put(tx, remembered)

        await context.database.write(unit)
    else:
        await remember(context, remembered)


def _shift_deliveries(tx: Transaction, step: ClockStep) -> int:
    count, after = 0, ""
    while endpoint_ids := endpoints.list_ids(tx, after=after, limit=_PAGE_SIZE):
        count += deliveries.shift_plans(tx, endpoint_ids, step)
        endpoints.restart_failing_times(tx, endpoint_ids, step)
        after = endpoint_ids[-1]
    return count


def _restart_failing_times(tx: Transaction, step: ClockStep) -> None:
    after = ""
    while endpoint_ids := endpoints.list_ids(tx, after=after, limit=_PAGE_SIZE):
        endpoints.restart_failing_times(tx, endpoint_ids, step)
        after = endpoint_ids[-1]
