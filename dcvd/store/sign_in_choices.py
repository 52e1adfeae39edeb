"""People who are yet to choose for which of their organizations they sign in; only the hash of their code is stored."""

from typing import Final

from dcvd.core.oidc.people import SignInChoice
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_CHOICES: Final = StructTable(
    "sign_in_choices",
    SignInChoice,
    renamed={"person.issuer": "issuer", "person.address": "address", "person.role_group": "role_group"},
)


def insert(tx: Transaction, choice: SignInChoice, code_hash: str) -> None:
    """Store a new one."""
    tx.execute(_CHOICES.insert_sql("code_hash"), (*_CHOICES.to_row(choice), code_hash))


def find_by_hash(snapshot: Snapshot, code_hash: str) -> SignInChoice | None:
    """Find the one whose code has this hash, expired or not."""
    return _CHOICES.fetch_one(snapshot, "WHERE code_hash = ?", (code_hash,))


def delete(tx: Transaction, code_hash: str) -> None:
    """Remove one, who has chosen."""
    tx.execute("DELETE FROM sign_in_choices WHERE code_hash = ?", (code_hash,))


def delete_beyond(tx: Transaction, address: str, kept: int) -> None:
    """Remove the oldest of an address, behind so many newer ones."""
    tx.execute(
        "DELETE FROM sign_in_choices WHERE code_hash IN (SELECT code_hash FROM sign_in_choices WHERE address = ?"
        " ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
        (address, kept),
    )


def delete_expired(tx: Transaction, now: int, limit: int) -> int:
    """Remove some that have expired; return how many."""
    return tx.execute(
        "DELETE FROM sign_in_choices WHERE code_hash IN"
        " (SELECT code_hash FROM sign_in_choices WHERE expires_at <= ? LIMIT ?)",
        (now, limit),
    )


def delete_everybodys(tx: Transaction) -> None:
    """Remove all."""
    tx.execute("DELETE FROM sign_in_choices WHERE expires_at > 0")
