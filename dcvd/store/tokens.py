"""API tokens; only their hash is stored."""

from collections.abc import Mapping

from dcvd.core.tokens import Role, Token
from dcvd.store.engine.database import Row, Snapshot, Transaction
from dcvd.store.engine.paging import HIGHEST_KEY

_COLUMNS = "id, org_id, name, role, created_at, expires_at, last_used_at"


def insert(tx: Transaction, token: Token, token_hash: str) -> None:
    """Store a new token."""
    tx.execute(
        "INSERT INTO api_tokens (id, org_id, name, role, token_hash, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (token.id, token.org_id, token.name, token.role, token_hash, token.created_at, token.expires_at),
    )


def find_by_hash(snapshot: Snapshot, token_hash: str) -> Token | None:
    """Find the token with this hash, expired or not."""
    return _from_row(snapshot.fetch_one(f"SELECT {_COLUMNS} FROM api_tokens WHERE token_hash = ?", (token_hash,)))


def get(snapshot: Snapshot, token_id: str) -> Token | None:
    """Get a token by its id, expired or not."""
    return _from_row(snapshot.fetch_one(f"SELECT {_COLUMNS} FROM api_tokens WHERE id = ?", (token_id,)))


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Token]:
    """List an organization's tokens with an id below `before`, newest first."""
    rows = snapshot.fetch_all(
        f"SELECT {_COLUMNS} FROM api_tokens WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        (org_id, before or HIGHEST_KEY, limit),
    )
    return [token for row in rows if (token := _from_row(row)) is not None]


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
    return tx.execute(
        "DELETE FROM api_tokens WHERE id IN"
        " (SELECT id FROM api_tokens WHERE expires_at IS NOT NULL AND expires_at < ? LIMIT ?)",
        (cutoff_at, limit),
    )


def _from_row(row: Row | None) -> Token | None:
    if row is None:
        return None
    return Token(
        id=row[0],
        org_id=row[1],
        name=row[2],
        role=Role(row[3]),
        created_at=row[4],
        expires_at=row[5],
        last_used_at=row[6],
    )
