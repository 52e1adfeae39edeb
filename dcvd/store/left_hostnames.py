"""Hostnames that stay at Cloudflare though their domain was removed here."""

from collections.abc import Collection, Iterable

from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot, Transaction


def list_known(snapshot: Snapshot, org_id: str, cf_ids: Collection[str]) -> set[str]:
    """List those of some hostnames, by their ids, that an organization has left."""
    return set(
        snapshot.fetch_column(
            "SELECT cf_id FROM left_hostnames WHERE org_id = ? AND cf_id IN (SELECT value FROM json_each(?))",
            (org_id, encode_list(cf_ids)),
        )
    )


def insert_all(tx: Transaction, org_id: str, cf_ids: Iterable[str], now: int) -> None:
    """Store that an organization has left hostnames."""
    tx.execute_many(
        "INSERT INTO left_hostnames (org_id, cf_id, left_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(org_id, cf_id, now) for cf_id in cf_ids],
    )


def delete_all(tx: Transaction, org_id: str, cf_ids: Collection[str]) -> None:
    """Forget that an organization has left hostnames, because it has them again."""
    tx.execute(
        "DELETE FROM left_hostnames WHERE org_id = ? AND cf_id IN (SELECT value FROM json_each(?))",
        (org_id, encode_list(cf_ids)),
    )
