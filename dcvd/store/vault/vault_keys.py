"""The keys that open what is sealed in the database, and in every copy of it."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.kit.paths import follow_links
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

ENVIRONMENT_SOURCE: Final = "OAUTH_ENCRYPTION_KEY in the daemon's environment"
"""The source of a key that is in no file."""


class VaultKeyRecord(Struct, frozen=True, kw_only=True):
    """A key by its id; `source` says for people where it was last found, `salt` is set for a key from a passphrase.

    `created_at`, in milliseconds, is when the database first had it.
    """

    key_id: str
    source: str
    salt: bytes | None
    created_at: int


_KEYS: Final = StructTable("vault_keys", VaultKeyRecord)


def key_path(database: Path) -> Path:
    """Return the path of a database's key file: beside the file itself, whatever links lead to it."""
    resolved = follow_links(database)
    return resolved.with_name(f"{resolved.name}.key")


def list_all(snapshot: Snapshot) -> list[VaultKeyRecord]:
    """List every key, the oldest first: one, and one more for each change of the key."""
    return _KEYS.fetch_all(snapshot, "ORDER BY created_at, key_id")


def find_active_id(snapshot: Snapshot) -> str | None:
    """Find the id of the key that sealed last; None where none ever has."""
    return snapshot.fetch_value("SELECT key_id FROM vault_keys ORDER BY active_since DESC LIMIT 1")


def record_active(tx: Transaction, key: VaultKeyRecord) -> None:
    """Record the key that seals from now on, before its first use, and where it was found this time."""
    tx.execute(
        "INSERT INTO vault_keys (key_id, source, salt, created_at, active_since)"
        " VALUES (?1, ?2, ?3, ?4, max(?4, (SELECT coalesce(max(active_since), 0) + 1 FROM vault_keys)))"
        " ON CONFLICT (key_id) DO UPDATE SET source = excluded.source, active_since = excluded.active_since",
        (key.key_id, key.source, key.salt, key.created_at),
    )


def remove(tx: Transaction, key_id: str) -> bool:
    """Forget a key that nothing needs; return whether it was known."""
    return tx.execute("DELETE FROM vault_keys WHERE key_id = ?", (key_id,)) > 0
