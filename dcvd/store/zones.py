"""Zones that organizations claim as a whole."""

from collections.abc import Collection
from typing import Final

from dcvd.core.clock_discipline import ClockStep
from dcvd.core.zones.zone import Zone
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

_ZONES: Final = StructTable("zones", Zone, renamed={"unproved_ms": "unproved_for"})
_FIRST_UPDATED: Final = _ZONES.columns.index("status")
_UPDATE: Final = (
    f"UPDATE zones SET {', '.join(f'{column} = ?' for column in _ZONES.columns[_FIRST_UPDATED:])} WHERE id = ?"
)


def insert(tx: Transaction, zone: Zone) -> None:
    """Store a new zone, whose organization has none of this name yet."""
    _ZONES.insert_all(tx, [zone])
    tx.announce(Topic.ZONES)


def update(tx: Transaction, zone: Zone) -> None:
    """Store a zone's new state."""
    tx.execute(_UPDATE, (*_ZONES.to_row(zone)[_FIRST_UPDATED:], zone.id))
    tx.announce(Topic.ZONES)


def delete(tx: Transaction, zone_id: str) -> None:
    """Remove a zone."""
    tx.execute("DELETE FROM zones WHERE id = ?", (zone_id,))


def get(snapshot: Snapshot, zone_id: str) -> Zone | None:
    """Get a zone by its id, of whichever organization."""
    return _ZONES.fetch_one(snapshot, "WHERE id = ?", (zone_id,))


def find_of_org(snapshot: Snapshot, org_id: str, name: str) -> Zone | None:
    """Find an organization's zone by its name."""
    return _ZONES.fetch_one(snapshot, "WHERE org_id = ? AND name = ?", (org_id, name))


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Zone]:
    """List an organization's zones with an id below `before`, newest first."""
    return _ZONES.list_of_org(snapshot, org_id, before=before, limit=limit)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's zones, up to one more than `limit`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM zones WHERE org_id = ? LIMIT ?)"
    return snapshot.fetch_count(sql, (org_id, limit + 1))


def has_proved(snapshot: Snapshot, org_id: str) -> bool:
    """Whether an organization has proved a zone."""
    sql = "SELECT 1 FROM zones WHERE org_id = ? AND status = 'proved' LIMIT 1"
    return snapshot.share(sql, (org_id,), bool)


def list_holders(snapshot: Snapshot, names: Collection[str]) -> dict[str, str]:
    """List which of these names are proved zones: by the name, the id of the organization that has proved it."""
    rows = snapshot.fetch_all(
        "SELECT name, org_id FROM zones INDEXED BY zones_holding_name"
        " WHERE name IN (SELECT value FROM json_each(?)) AND status = 'proved'",
        (encode_list(names),),
    )
    return dict(rows)


def find_due(snapshot: Snapshot, now: int, except_org_ids: Collection[str]) -> Zone | None:
    """Find the zone with something to do that has waited for the longest, but for those of some organizations."""
    return _ZONES.fetch_one(
        snapshot,
        "WHERE next_check_at <= ? AND org_id NOT IN (SELECT value FROM json_each(?)) ORDER BY next_check_at LIMIT 1",
        (now, encode_list(except_org_ids)),
    )


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due what is planned for after an instant; return how many."""
    return tx.execute("UPDATE zones SET next_check_at = ? WHERE next_check_at > ?", (now, latest_at))


def shift_plans(tx: Transaction, step: ClockStep) -> int:
    """Shift what is planned by a step of the clock; return how many zones there were."""
    count = plan_shifts.shift_plans(tx, "zones", "next_check_at", step)
    if count:
        tx.announce(Topic.ZONES)
    return count
