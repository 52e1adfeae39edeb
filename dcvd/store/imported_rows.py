"""What imports have brought, by its id there."""

from collections.abc import Collection, Iterable

from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot, Transaction


def list_known(snapshot: Snapshot, org_id: str, kind: str, source_ids: Collection[str]) -> set[str]:
    """List those of an organization's rows of a kind that were brought before."""
    return set(
        snapshot.fetch_column(
            "SELECT source_id FROM imported_rows WHERE org_id = ? AND kind = ?"
            " AND source_id IN (SELECT value FROM json_each(?))",
            (org_id, kind, encode_list(source_ids)),
        )
    )


def knows_organization(snapshot: Snapshot, org_id: str) -> bool:
    """Whether an organization was brought before, be it here or deleted."""
    return snapshot.fetch_value("SELECT 1 FROM imported_organizations WHERE id = ?", (org_id,)) is not None


def insert_organization(tx: Transaction, org_id: str, now: int) -> None:
    """Store that an organization was brought."""
    tx.execute(
        "INSERT INTO imported_organizations (id, imported_at) VALUES (?1, ?2)"
        " ON CONFLICT (id) DO UPDATE SET imported_at = ?2",
        (org_id, now),
    )


def insert_all(tx: Transaction, rows: Iterable[tuple[str, str, str]], now: int) -> None:
    """Store that rows were brought; of each the organization, the kind and the id."""
    tx.execute_many(
        "INSERT INTO imported_rows (org_id, kind, source_id, imported_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(*row, now) for row in rows],
    )
