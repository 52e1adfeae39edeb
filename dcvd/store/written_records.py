"""The records that we wrote at customers' DNS providers."""

from collections.abc import Collection
from typing import Final

from dcvd.core.records.written_records import WrittenRecord
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_RECORDS: Final = StructTable("written_records", WrittenRecord)


def put(tx: Transaction, row: WrittenRecord) -> None:
    """Store a record of a domain, or its new state."""
    tx.execute(
        f"{_RECORDS.insert_sql()} ON CONFLICT (domain_id, name, type) DO UPDATE SET"
        " connection_id = excluded.connection_id, zone = excluded.zone, value = excluded.value,"
        " replaced = excluded.replaced, before = excluded.before, state = excluded.state,"
        " written_at = excluded.written_at, orphaned_at = excluded.orphaned_at",
        _RECORDS.to_row(row),
    )


def list_of_domain(snapshot: Snapshot, domain_id: str) -> list[WrittenRecord]:
    """List, by name, the records that were written for a domain, which may be removed since."""
    return list_of_domains(snapshot, [domain_id])


def list_of_domains(snapshot: Snapshot, domain_ids: Collection[str]) -> list[WrittenRecord]:
    """Like `list_of_domain`, for many domains."""
    return _RECORDS.fetch_all(
        snapshot,
        "WHERE domain_id IN (SELECT value FROM json_each(?)) ORDER BY domain_id, name, type",
        (encode_list(domain_ids),),
    )


def delete(tx: Transaction, ids: Collection[str]) -> None:
    """Forget records: they are out of DNS, or not ours any more."""
    tx.execute("DELETE FROM written_records WHERE id IN (SELECT value FROM json_each(?))", (encode_list(ids),))


def delete_of_domains(tx: Transaction, domain_ids: Collection[str]) -> None:
    """Forget the records that were written for domains."""
    tx.execute(
        "DELETE FROM written_records WHERE domain_id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),)
    )


def mark_orphaned(tx: Transaction, domain_ids: Collection[str], now: int) -> None:
    """Mark the records of domains that are being removed, while a job takes them out of DNS."""
    tx.execute(
        "UPDATE written_records SET orphaned_at = ? WHERE domain_id IN (SELECT value FROM json_each(?))",
        (now, encode_list(domain_ids)),
    )


def has_orphans(snapshot: Snapshot) -> bool:
    """Return whether any organization has a record whose domain was removed: one look into an index."""
    return snapshot.share("SELECT 1 FROM written_records WHERE orphaned_at IS NOT NULL LIMIT 1", (), bool)


def list_orphans(snapshot: Snapshot, org_id: str, names: Collection[str]) -> list[WrittenRecord]:
    """List an organization's records at these names whose domain was removed, the latest removal first."""
    return _RECORDS.fetch_all(
        snapshot,
        "INDEXED BY written_records_orphaned_by_name"
        " WHERE name IN (SELECT value FROM json_each(?)) AND org_id = ? AND orphaned_at IS NOT NULL"
        " ORDER BY orphaned_at DESC, id DESC",
        (encode_list(names), org_id),
    )


def hand_over(tx: Transaction, record_id: str, domain_id: str) -> None:
    """Make a record whose domain was removed one of another domain."""
    tx.execute("UPDATE written_records SET domain_id = ?, orphaned_at = NULL WHERE id = ?", (domain_id, record_id))


def delete_orphans(tx: Transaction, kind: str, cutoff_at: int, limit: int) -> int:
    """Forget records whose domain was removed before an instant, unless a job may still take them out of DNS.

    Return how many. kind: that of such jobs; those that are pending count, and those that can be retried.
    """
    return tx.delete_some(
        "written_records",
        "id",
        "orphaned_at IS NOT NULL AND orphaned_at < ? AND NOT EXISTS (SELECT 1 FROM jobs"
        " WHERE jobs.domain_id = written_records.domain_id AND kind = ? AND jobs.state <> 'done')",
        (cutoff_at, kind, limit),
    )
