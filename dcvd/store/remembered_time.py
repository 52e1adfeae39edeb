"""The time that dcvd went by last, against which a start holds the machine's clock."""

from dcvd.core.clock_discipline import RememberedTime
from dcvd.store.engine.transactions import Snapshot, Transaction


def find(snapshot: Snapshot) -> RememberedTime | None:
    """Find what was stored; None at the first start."""
    row = snapshot.fetch_one("SELECT seen_at, confirmed_at FROM remembered_time WHERE id = 1")
    return None if row is None else RememberedTime(seen_at=row[0], confirmed_at=row[1])


def put(tx: Transaction, remembered: RememberedTime) -> None:
    """Store the time; where nothing confirms it, what was confirmed before stays."""
    tx.execute(
        "INSERT INTO remembered_time (id, seen_at, confirmed_at) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE"
        " SET seen_at = ?1, confirmed_at = coalesce(?2, confirmed_at)",
        (remembered.seen_at, remembered.confirmed_at),
    )
