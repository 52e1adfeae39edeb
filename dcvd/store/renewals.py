"""Overdue renewals, over all organizations."""

from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.store.engine.transactions import Snapshot


def count_overdue(snapshot: Snapshot, now: int) -> int:
    """Count overdue renewals."""
    return snapshot.fetch_count("SELECT count(*) FROM domains WHERE renewal_overdue_at <= ?", (now,))


def find_oldest_due_at(snapshot: Snapshot, lane: CheckLane) -> int | None:
    """Find when the check was due that waits longest in a lane; None for an empty lane."""
    return snapshot.fetch_value(
        "SELECT next_sync_at FROM domains WHERE lane = ? ORDER BY next_sync_at LIMIT 1", (lane,)
    )
