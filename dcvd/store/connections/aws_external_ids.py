"""ExternalIds that were given to organizations for their roles at AWS."""

from dcvd.store.engine.transactions import Snapshot, Transaction


def insert(tx: Transaction, org_id: str, external_id: str, *, created_at: int, expires_at: int) -> None:
    """Store a new ExternalId."""
    tx.execute(
        "INSERT INTO aws_external_ids (external_id, org_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
        (external_id, org_id, created_at, expires_at),
    )


def is_usable(snapshot: Snapshot, org_id: str, external_id: str, now: int) -> bool:
    """Whether an ExternalId was given to this organization and can be used."""
    row = snapshot.fetch_one(
        "SELECT 1 FROM aws_external_ids WHERE external_id = ? AND org_id = ? AND used_at IS NULL AND expires_at > ?",
        (external_id, org_id, now),
    )
    return row is not None


def consume(tx: Transaction, org_id: str, external_id: str, now: int) -> bool:
    """Use up an ExternalId; False where it cannot be used."""
    changed_rows = tx.execute(
        "UPDATE aws_external_ids SET used_at = ?1"
        " WHERE external_id = ?2 AND org_id = ?3 AND used_at IS NULL AND expires_at > ?1",
        (now, external_id, org_id),
    )
    return changed_rows > 0


def list_unused_expiries(snapshot: Snapshot, org_id: str, now: int, limit: int) -> list[int]:
    """List when an organization's unused ExternalIds expire, the earliest first."""
    return snapshot.fetch_column(
        "SELECT expires_at FROM aws_external_ids WHERE org_id = ? AND expires_at > ? AND used_at IS NULL"
        " ORDER BY expires_at LIMIT ?",
        (org_id, now, limit),
    )


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove ExternalIds that expired before an instant; return how many."""
    return tx.delete_some("aws_external_ids", "external_id", "expires_at < ?", (cutoff_at, limit))
