"""API tokens; only their hash is stored."""

from collections.abc import Mapping
from typing import Final

from dcvd.core.tokens import Token
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.engine.struct_table import StructTable

_TOKENS: Final = StructTable("api_tokens", Token)


def insert(tx: Transaction, token: Token, token_hash: str) -> None:
    """Store a new token."""
    tx.execute(_TOKENS.insert_sql("token_hash"), (*_TOKENS.to_row(token), token_hash))


def find_by_hash(snapshot: Snapshot, token_hash: str) -> Token | None:
    """Find the token with this hash, expired or not."""
    return _TOKENS.fetch_one(snapshot, "WHERE token_hash = ?", (token_hash,))


def get(snapshot: Snapshot, token_id: str) -> Token | None:
    """Get a token by its id, expired or not."""
    return _TOKENS.fetch_one(snapshot, "WHERE id = ?", (token_id,))


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Token]:
    """List an organization's tokens with an id below `before`, newest first."""
    return _TOKENS.list_of_org(snapshot, org_id, before=before, limit=limit)


def count_live_of_org(snapshot: Snapshot, org_id: str, now: int, limit: int) -> int:
    """Count an organization's tokens that have not expired, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM api_tokens WHERE org_id = ?1 AND expires_at IS NULL"
        " UNION ALL SELECT 1 FROM api_tokens WHERE org_id = ?1 AND expires_at > ?2 LIMIT ?3)",
        (org_id, now, limit),
    )


def delete(tx: Transaction, org_id: str, token_id: str) -> bool:
    """Remove a token; return whether there was one."""
    return tx.execute("DELETE FROM api_tokens WHERE id = ? AND org_id = ?", (token_id, org_id)) > 0


def touch(tx: Transaction, used_at: Mapping[str, int]) -> None:
    """Store when tokens were last used, by their ids."""
    tx.execute_many(
        "UPDATE api_tokens SET last_used_at = ? WHERE id = ?", [(at, token) for token, at in used_at.items()]
    )


def delete_expired(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove tokens that expired before an instant; return how many."""
    return tx.delete_some("api_tokens", "id", "expires_at IS NOT NULL AND expires_at < ?", (cutoff_at, limit))
