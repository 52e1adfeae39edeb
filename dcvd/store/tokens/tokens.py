"""API tokens; only their hash is stored."""

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.tokens.token import Token
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_TOKENS: Final = StructTable("api_tokens", Token)


class LastUse(Struct, frozen=True, kw_only=True):
    """When a token was last used, in milliseconds, and from which address, where that is known."""

    used_at: int
    address: str | None


def insert(tx: Transaction, token: Token, token_hash: str) -> None:
    """Store a new token."""
    tx.execute(_TOKENS.insert_sql("token_hash"), (*_TOKENS.to_row(token), token_hash))


def find_by_hash(snapshot: Snapshot, token_hash: str) -> Token | None:
    """Find the token whose secret has this hash, expired or not."""
    return _TOKENS.fetch_one(snapshot, "WHERE token_hash = ?", (token_hash,))


def find_by_previous_hash(snapshot: Snapshot, token_hash: str, now: int) -> Token | None:
    """Find the token, expired or not, whose secret before the last rotation has this hash, while that still works."""
    return _TOKENS.fetch_one(snapshot, "WHERE previous_hash = ? AND previous_expires_at > ?", (token_hash, now))


def replace_secret(tx: Transaction, token_id: str, token_hash: str, previous_expires_at: int | None) -> None:
    """Store a token's new secret. Its present one works until `previous_expires_at`; None: it ends at once."""
    tx.execute(
        "UPDATE api_tokens SET previous_hash = CASE WHEN ?3 IS NULL THEN NULL ELSE token_hash END,"
        " previous_expires_at = ?3, token_hash = ?2 WHERE id = ?1",
        (token_id, token_hash, previous_expires_at),
    )


def change(tx: Transaction, token_id: str, name: str, expires_at: int | None) -> None:
    """Store a token's new name and expiry."""
    tx.execute("UPDATE api_tokens SET name = ?, expires_at = ? WHERE id = ?", (name, expires_at, token_id))


def bump_rights(tx: Transaction, token_id: str) -> None:
    """Give a token's rights a new version, so that no request that was authenticated before stores anything."""
    tx.execute("UPDATE api_tokens SET rights_version = rights_version + 1 WHERE id = ?", (token_id,))


def list_all_of_org(snapshot: Snapshot, org_id: str) -> list[Token]:
    """List all tokens of an organization, of which a quota allows few, and few are kept that have expired."""
    return _TOKENS.fetch_all(snapshot, "WHERE org_id = ?", (org_id,))


def get(snapshot: Snapshot, token_id: str) -> Token | None:
    """Get a token by its id, expired or not."""
    return _TOKENS.fetch_one(snapshot, "WHERE id = ?", (token_id,))


def list_existing_ids(snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
    """List those ids that tokens of an organization have."""
    return _TOKENS.list_existing_ids(snapshot, org_id, ids)


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


def find_last_use_of_org(snapshot: Snapshot, org_id: str) -> int | None:
    """Find when an organization's tokens were last used; it has few of them."""
    instant: int | None = snapshot.fetch_value("SELECT max(last_used_at) FROM api_tokens WHERE org_id = ?", (org_id,))
    return instant


def find_last_uses_of_members(snapshot: Snapshot, member_ids: Collection[str]) -> dict[str, int]:
    """Find when the tokens of members were last used; members whose tokens never were are left out."""
    rows = snapshot.fetch_all(
        "SELECT member_id, max(last_used_at) FROM api_tokens WHERE member_id IN (SELECT value FROM json_each(?))"
        " AND last_used_at IS NOT NULL GROUP BY member_id",
        (encode_list(member_ids),),
    )
    return dict(rows)


def has_rights(snapshot: Snapshot, token_id: str, rights_version: int, expires_at: int | None, now: int) -> bool:
    """Whether a token is stored, and may do what it might when it had this version of its rights.

    expires_at: the end of the token, or of the secret before its rotation, with which its bearer came: it has not
    passed, and no other secret has taken the place of that one.
    """
    rows = snapshot.share(
        "SELECT expires_at, previous_expires_at FROM api_tokens WHERE id = ? AND rights_version = ?",
        (token_id, rights_version),
        tuple,
    )
    return any(expires_at in row for row in rows) and (expires_at is None or now < expires_at)


def change_rights_of_org(tx: Transaction, org_id: str) -> list[str]:
    """Give every token of an organization a new version of its rights, and return their ids."""
    rows = tx.fetch_all(
        "UPDATE api_tokens SET rights_version = rights_version + 1 WHERE org_id = ? RETURNING id", (org_id,)
    )
    return [row[0] for row in rows]


def change_rights_of_member(tx: Transaction, member_id: str) -> list[str]:
    """Give every token of a member a new version of its rights, and return their ids."""
    rows = tx.fetch_all(
        "UPDATE api_tokens SET rights_version = rights_version + 1 WHERE member_id = ? RETURNING id", (member_id,)
    )
    return [row[0] for row in rows]


def list_minted_by(snapshot: Snapshot, token_ids: Collection[str]) -> list[Token]:
    """List the tokens that any of these tokens minted."""
    return _TOKENS.fetch_all(snapshot, "WHERE minted_by IN (SELECT value FROM json_each(?))", (encode_list(token_ids),))


def bequeath(tx: Transaction, token_id: str, heir_id: str | None) -> None:
    """Put the tokens that a token minted below another one; None: below none."""
    tx.execute("UPDATE api_tokens SET minted_by = ? WHERE minted_by = ?", (heir_id, token_id))


def delete_all(tx: Transaction, token_ids: Collection[str]) -> None:
    """Remove tokens."""
    tx.execute("DELETE FROM api_tokens WHERE id IN (SELECT value FROM json_each(?))", (encode_list(token_ids),))


def touch(tx: Transaction, uses: Mapping[str, LastUse]) -> None:
    """Store the last uses of tokens, by their ids."""
    tx.execute_many(
        "UPDATE api_tokens SET last_used_at = ?, last_address = COALESCE(?, last_address) WHERE id = ?",
        [(use.used_at, use.address, token_id) for token_id, use in uses.items()],
    )


def list_expired(snapshot: Snapshot, cutoff_at: int, limit: int) -> list[Token]:
    """List some of the tokens that expired before an instant."""
    return _TOKENS.fetch_all(snapshot, "WHERE expires_at IS NOT NULL AND expires_at < ? LIMIT ?", (cutoff_at, limit))


def list_expired_of_org(snapshot: Snapshot, org_id: str, now: int, *, beyond: int, limit: int) -> list[Token]:
    """List some of an organization's tokens that have expired, but for the `beyond` latest ones."""
    return _TOKENS.fetch_all(
        snapshot,
        "WHERE org_id = ? AND expires_at <= ? ORDER BY expires_at DESC LIMIT ? OFFSET ?",
        (org_id, now, limit, beyond),
    )
