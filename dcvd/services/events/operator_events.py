"""The events that are kept for the operator's programs: those of all organizations, and those of the system."""

from dcvd.config import Config
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.system_conditions import ConditionChange, SystemLimits, SystemState, list_changes
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store import system_conditions
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations


async def begin(context: Context) -> None:
    """Keep events for the operator's programs from now on; it is enough to ask once."""
    if not await context.database.read(organizations.has_operator):
        await context.database.write(lambda tx: organizations.insert_operator(tx, context.now()))


def read_limits(config: Config) -> SystemLimits:
    """Return from where on something is missing, as configured."""
    section = config.system_events
    return SystemLimits(
        quota_percent=section.quota_percent,
        backup_max_age_ms=section.backup_max_age,
        disk_floor_bytes=section.disk_floor,
    )


async def report_system_state(context: Context, state: SystemState) -> list[ConditionChange]:
    """Record an event for each condition of the system that began or is over since the last report; return them.

    Nothing is recorded before events are kept for the operator's programs; what lasts until then is told then.
    """
    limits = read_limits(context.config)

    def find_changes(snapshot: Snapshot) -> list[ConditionChange]:
        if not organizations.has_operator(snapshot):
            return []
        return list_changes(state, limits, system_conditions.read_all(snapshot), context.now())

    def unit(tx: Transaction) -> list[ConditionChange]:
        changes = find_changes(tx)
        for change in changes:
            if change.status == "raised":
                system_conditions.insert(tx, change.condition, context.now())
            else:
                system_conditions.delete(tx, change.condition)
        recording.record(context, tx, OPERATOR_ORG_ID, [change.draft for change in changes])
        return changes

    # Most reports find nothing new, and need no transaction.
    return await context.database.write(unit) if await context.database.read(find_changes) else []
