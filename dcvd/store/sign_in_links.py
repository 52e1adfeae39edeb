"""Sign-in links of operators; only the hash of their code is stored."""

from typing import Final

from dcvd.core.sign_in_links import SignInLink
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_LINKS: Final = StructTable("sign_in_links", SignInLink)


def insert(tx: Transaction, link: SignInLink, code_hash: str) -> None:
    """Store a new link."""
    tx.execute(_LINKS.insert_sql("code_hash"), (*_LINKS.to_row(link), code_hash))


def find_by_hash(snapshot: Snapshot, code_hash: str) -> SignInLink | None:
    """Find the link whose code has this hash, expired or not."""
    return _LINKS.fetch_one(snapshot, "WHERE code_hash = ?", (code_hash,))


def delete(tx: Transaction, code_hash: str) -> None:
    """Remove a link, which is used, or may not be."""
    tx.execute("DELETE FROM sign_in_links WHERE code_hash = ?", (code_hash,))


def delete_beyond(tx: Transaction, uid: int, kept: int) -> None:
    """Remove the oldest links of a user, behind so many newer ones."""
    tx.execute(
        "DELETE FROM sign_in_links WHERE code_hash IN (SELECT code_hash FROM sign_in_links WHERE operator_uid = ?"
        " ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
        (uid, kept),
    )


def delete_expired(tx: Transaction, now: int, limit: int) -> int:
    """Remove some of the links that have expired; return how many."""
    return tx.execute(
        "DELETE FROM sign_in_links WHERE code_hash IN"
        " (SELECT code_hash FROM sign_in_links WHERE expires_at <= ? LIMIT ?)",
        (now, limit),
    )


def delete_everybodys(tx: Transaction) -> None:
    """Remove all links."""
    tx.execute("DELETE FROM sign_in_links WHERE expires_at > 0")
