"""The outcome of each line of a bulk call with an idempotency key, so that a repeated call is answered the same."""

from collections.abc import Sequence

from msgspec import Struct

from dcvd.store.engine.database import Snapshot, Transaction


class BulkLine(Struct, frozen=True):
    """A line that was done; `outcome` is JSON."""

    line: int
    fingerprint: str
    outcome: str


def list_between(snapshot: Snapshot, org_id: str, key: str, first: int, last: int) -> list[BulkLine]:
    """List the lines with these numbers, both included, that were done."""
    rows = snapshot.fetch_all(
        "SELECT line, fingerprint, outcome FROM bulk_lines WHERE org_id = ? AND key = ? AND line BETWEEN ? AND ?",
        (org_id, key, first, last),
    )
    return [BulkLine(*row) for row in rows]


def find_last_line(snapshot: Snapshot, org_id: str, key: str) -> int:
    """Find the highest number of a line that was done under a key; 0 for none."""
    return snapshot.fetch_count("SELECT max(line) FROM bulk_lines WHERE org_id = ? AND key = ?", (org_id, key))


def insert(tx: Transaction, org_id: str, key: str, lines: Sequence[BulkLine], now: int) -> None:
    """Store lines that are done."""
    tx.execute_many(
        "INSERT INTO bulk_lines (org_id, key, line, fingerprint, outcome, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        [(org_id, key, line.line, line.fingerprint, line.outcome, now) for line in lines],
    )


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove lines that were done before an instant; return how many."""
    return tx.delete_some("bulk_lines", "(org_id, key, line)", "created_at < ?", (cutoff_at, limit))
