"""What happened and is not told yet, and when each audience is told next."""

from typing import Final

from dcvd.core.alerts.groups import AlertGroup, TellingSchedule
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

_GROUPS: Final = StructTable("alert_groups", AlertGroup)
_SCHEDULES: Final = StructTable("alert_schedules", TellingSchedule)


def find(snapshot: Snapshot, org_id: str, kind: AlertKind, cause: str) -> AlertGroup | None:
    """Find what is gathered for a cause."""
    return _GROUPS.fetch_one(snapshot, "WHERE org_id = ? AND kind = ? AND cause = ?", (org_id, kind, cause))


def count_of_audience(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count the causes for which something is gathered, but no further than `limit`."""
    return _GROUPS.count_of_org(snapshot, org_id, limit)


def list_of_audience(snapshot: Snapshot, org_id: str) -> list[AlertGroup]:
    """List what is gathered for an audience, in the order in which it began."""
    return _GROUPS.fetch_all(snapshot, "WHERE org_id = ? ORDER BY first_at, kind, cause", (org_id,))


def put(tx: Transaction, group: AlertGroup) -> None:
    """Store a group, new or changed."""
    tx.execute(
        "DELETE FROM alert_groups WHERE org_id = ? AND kind = ? AND cause = ?", (group.org_id, group.kind, group.cause)
    )
    _GROUPS.insert_all(tx, [group])


def delete_of_audience(tx: Transaction, org_id: str) -> None:
    """Forget what is gathered for an audience, because it is told."""
    tx.execute("DELETE FROM alert_groups WHERE org_id = ?", (org_id,))


def get_schedule(snapshot: Snapshot, org_id: str) -> TellingSchedule:
    """Get when an audience is told next; an empty one where it never was."""
    found = _SCHEDULES.fetch_one(snapshot, "WHERE org_id = ?", (org_id,))
    return TellingSchedule(org_id=org_id) if found is None else found


def put_schedule(tx: Transaction, schedule: TellingSchedule) -> None:
    """Store when an audience is told next."""
    tx.execute("DELETE FROM alert_schedules WHERE org_id = ?", (schedule.org_id,))
    _SCHEDULES.insert_all(tx, [schedule])
    tx.announce(Topic.ALERTS)


def list_due(snapshot: Snapshot, now: int, limit: int) -> list[str]:
    """List the audiences that are to be told by now."""
    return snapshot.fetch_column(
        "SELECT org_id FROM alert_schedules WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?",
        (now, limit),
    )


def find_next_due_at(snapshot: Snapshot) -> int | None:
    """Find when the next audience is to be told."""
    due_at: int | None = snapshot.fetch_value(
        "SELECT due_at FROM alert_schedules WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
    )
    return due_at


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due now what is planned for later than `latest_at`; return how many there were."""
    return tx.execute("UPDATE alert_schedules SET due_at = ? WHERE due_at IS NOT NULL AND due_at > ?", (now, latest_at))


def shift_plans(tx: Transaction, step: ClockStep) -> int:
    """Shift when audiences are told by a step of the clock; return how many."""
    count = plan_shifts.shift_plans(tx, "alert_schedules", "due_at", step, "due_at IS NOT NULL")
    if count:
        tx.announce(Topic.ALERTS)
    return count
