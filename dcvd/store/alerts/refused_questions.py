"""Addresses whose owners want no questions; only their hashes are stored."""

import hashlib

from dcvd.store.engine.transactions import Snapshot, Transaction


def insert(tx: Transaction, address: str, now: int) -> None:
    """Store that an address wants no questions; to store it again changes nothing."""
    tx.execute(
        "INSERT INTO refused_questions (address_hash, refused_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (_hash(address), now),
    )


def delete(tx: Transaction, address: str) -> None:
    """Store that an address may be asked again."""
    tx.execute("DELETE FROM refused_questions WHERE address_hash = ?", (_hash(address),))


def has(snapshot: Snapshot, address: str) -> bool:
    """Whether an address wants no questions."""
    return snapshot.fetch_one("SELECT 1 FROM refused_questions WHERE address_hash = ?", (_hash(address),)) is not None


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
