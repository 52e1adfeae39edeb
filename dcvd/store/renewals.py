"""Overdue renewals, over all organizations."""

from msgspec import Struct

from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.store.engine.database import Snapshot


class OverdueRenewal(Struct, frozen=True, kw_only=True):
    """A domain whose certificate should have been renewed at `overdue_at`; instants in milliseconds."""

    domain_id: str
    org_id: str
    name: str
    status: str
    error_code: str | None
    cf_ssl_status: str | None
    expires_at: int
    overdue_at: int
    checked_at: int | None


def list_overdue(snapshot: Snapshot, now: int, limit: int) -> list[OverdueRenewal]:
    """List overdue renewals, the longest overdue first."""
    rows = snapshot.fetch_all(
        "SELECT id, org_id, name, status, error_code, cf_ssl_status, expires_at, renewal_overdue_at, cf_checked_at"
        " FROM domains WHERE renewal_overdue_at <= ? ORDER BY renewal_overdue_at LIMIT ?",
        (now, limit),
    )
    return [OverdueRenewal(**dict(zip(OverdueRenewal.__struct_fields__, row, strict=True))) for row in rows]


def count_overdue(snapshot: Snapshot, now: int) -> int:
    """Count overdue renewals."""
    (count,) = snapshot.fetch_all("SELECT count(*) FROM domains WHERE renewal_overdue_at <= ?", (now,))[0]
    return int(count)


def find_oldest_due_at(snapshot: Snapshot, lane: CheckLane) -> int | None:
    """Find when the check was due that waits longest in a lane; None for an empty lane."""
    row = snapshot.fetch_one("SELECT next_sync_at FROM domains WHERE lane = ? ORDER BY next_sync_at LIMIT 1", (lane,))
    return None if row is None else row[0]
