"""Authorizations that were begun, and what the answer to each must match. Only the hash of a state is stored."""

from typing import Final

from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.secret import Secret
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_FIELD: Final = "oauth_states.sealed_verifier"


class PendingAuthorization(Struct, frozen=True, kw_only=True):
    """An authorization that an organization's token, or a link, has begun. Instants in milliseconds.

    token_id: that of the token or link. scopes: the requested ones. issuer: the server's, where it is known.
    issuer_required: the answer has to name it.
    """

    org_id: str
    token_id: str
    provider: Provider
    redirect_uri: str
    return_to: str | None
    scopes: tuple[str, ...]
    issuer: str | None
    issuer_required: bool
    created_at: int
    expires_at: int


_STATES: Final = StructTable("oauth_states", PendingAuthorization)


class ConsumedState(Struct, frozen=True):
    """An authorization whose state was used just now, with its verifier as it is stored."""

    authorization: PendingAuthorization
    state_hash: bytes
    sealed_verifier: bytes

    def unseal_verifier(self, vault: Vault) -> Secret:
        """Unseal the verifier. Raises VaultError."""
        return vault.open(self.sealed_verifier, org=self.authorization.org_id, row=self.state_hash.hex(), field=_FIELD)


class StateRecord(Struct, frozen=True):
    """Whether a state can be used: whose it is, whether it was used, and when it ends (milliseconds)."""

    org_id: str
    is_used: bool
    expires_at: int


def insert(
    tx: Transaction, vault: Vault, state_hash: bytes, authorization: PendingAuthorization, verifier: Secret
) -> None:
    """Store an authorization that was begun."""
    sealed = vault.seal(verifier, org=authorization.org_id, row=state_hash.hex(), field=_FIELD)
    tx.execute(
        _STATES.insert_sql("state_hash", "sealed_verifier"), (*_STATES.to_row(authorization), state_hash, sealed)
    )


def consume(tx: Transaction, state_hash: bytes, now: int, *, org_id: str | None = None) -> ConsumedState | None:
    """Use up a state. None where it cannot be used, or not by the organization `org_id`.

    This is one statement, so that of two answers at once only one succeeds.
    """
    and_org, org_parameters = ("", ()) if org_id is None else (" AND org_id = ?", (org_id,))
    row = tx.fetch_one(
        f"UPDATE oauth_states SET used_at = ? WHERE state_hash = ? AND used_at IS NULL AND expires_at > ?{and_org}"
        f" RETURNING {', '.join(_STATES.columns)}, sealed_verifier",
        (now, state_hash, now, *org_parameters),
    )
    return None if row is None else ConsumedState(_STATES.from_row(row[:-1]), state_hash, row[-1])


def find(snapshot: Snapshot, state_hash: bytes) -> StateRecord | None:
    """Find what is known of a state; None where there is none."""
    row = snapshot.fetch_one(
        "SELECT org_id, used_at IS NOT NULL, expires_at FROM oauth_states WHERE state_hash = ?", (state_hash,)
    )
    return None if row is None else StateRecord(row[0], bool(row[1]), row[2])


def count(snapshot: Snapshot, org_id: str, now: int, *, by_links: bool = False) -> tuple[int, int]:
    """Count an organization's unexpired authorizations, and the unused ones among them.

    by_links: those that links have begun; else those of tokens.
    """
    ((total, used_count),) = snapshot.fetch_all(
        "SELECT count(*), count(used_at) FROM oauth_states"
        " WHERE org_id = ? AND expires_at > ? AND (token_id GLOB 'link_*') = ?",
        (org_id, now, by_links),
    )
    return total, total - used_count


def count_of_bearer(snapshot: Snapshot, org_id: str, bearer_id: str, now: int) -> int:
    """Count the unexpired authorizations, used or not, that a token or link has begun."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM oauth_states WHERE org_id = ? AND expires_at > ? AND token_id = ?",
        (org_id, now, bearer_id),
    )


def delete_expired(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove authorizations that expired before an instant; return how many."""
    return tx.delete_some("oauth_states", "state_hash", "expires_at < ?", (cutoff_at, limit))
