"""The outcome of each line of a bulk call with an idempotency key, so that a repeated call is answered the same.

All lines of a key bear the instant of its first call, so that they are forgotten together. The first call stores that
instant as line 0, which is no line of the call; its fingerprint is that of the call.
"""

from collections.abc import Sequence

from msgspec import Struct

from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.transactions import Snapshot, Transaction


class BulkLine(Struct, frozen=True):
    """A line that was done; `outcome` is JSON."""

    line: int
    fingerprint: str
    outcome: str


class FirstCall(Struct, frozen=True):
    """When a key was first used, and what tells that call from others with the same lines."""

    made_at: int
    fingerprint: str


def begin(tx: Transaction, org_id: str, key: str, first_call: FirstCall) -> None:
    """Store a key's first call. Lines of an earlier call with the key count no longer."""
    insert(tx, org_id, key, [BulkLine(0, first_call.fingerprint, "")], first_call.made_at)


def find_first_call(snapshot: Snapshot, org_id: str, key: str) -> FirstCall | None:
    """Find a key's first call; None for a key that was not used."""
    row = snapshot.fetch_one(
        # A version that stored no line 0 gave each line its own instant, and the first one the earliest.
        "SELECT created_at, fingerprint FROM bulk_lines WHERE org_id = ? AND key = ? ORDER BY line LIMIT 1",
        (org_id, key),
    )
    return None if row is None else FirstCall(*row)


def list_between(
    snapshot: Snapshot, org_id: str, key: str, first: int, last: int, *, first_call_at: int
) -> list[BulkLine]:
    """List the lines with these numbers, both included, that were done since the key's first call."""
    rows = snapshot.fetch_all(
        "SELECT line, fingerprint, outcome FROM bulk_lines WHERE org_id = ? AND key = ? AND line BETWEEN ? AND ?"
        " AND created_at >= ?",
        (org_id, key, first, last, first_call_at),
    )
    return [BulkLine(*row) for row in rows]


def has_line_after(snapshot: Snapshot, org_id: str, key: str, last: int, *, first_call_at: int) -> bool:
    """Whether a line with a higher number was done since the key's first call."""
    row = snapshot.fetch_one(
        "SELECT 1 FROM bulk_lines WHERE org_id = ? AND key = ? AND line > ? AND created_at >= ? LIMIT 1",
        (org_id, key, last, first_call_at),
    )
    return row is not None


def insert(tx: Transaction, org_id: str, key: str, lines: Sequence[BulkLine], first_call_at: int) -> None:
    """Store lines that are done, in their order, in place of those of an earlier call with the key."""
    if not lines:
        return
    # Not by INSERT OR REPLACE, which would delete without the trigger that counts what is deleted.
    tx.execute(
        "DELETE FROM bulk_lines WHERE org_id = ? AND key = ? AND line BETWEEN ? AND ? AND created_at < ?",
        (org_id, key, lines[0].line, lines[-1].line, first_call_at),
    )
    tx.insert_all(
        "bulk_lines",
        ("org_id", "key", "line", "fingerprint", "outcome", "created_at"),
        [(org_id, key, line.line, line.fingerprint, line.outcome, first_call_at) for line in lines],
    )


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove lines of calls that were first made before an instant; return how many."""
    return tx.delete_some("bulk_lines", "(org_id, key, line)", "created_at < ?", (cutoff_at, limit))


def date_back(tx: Transaction, step: ClockStep) -> int:
    """After a step back, date at the present instant what a clock that was ahead has dated; return how many."""
    return plan_shifts.date_back(tx, "bulk_lines", "created_at", step)
