"""Tokens of removed connections that their providers are still to be asked to revoke."""

from typing import Final

from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import TokenKind
from dcvd.core.secret import Secret
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_FIELD: Final = "pending_revocations.sealed_token"


class PendingRevocation(Struct, frozen=True, kw_only=True):
    """What is to be revoked. id: the removed connection's. created_at: when that was removed, in milliseconds."""

    id: str
    org_id: str
    provider: Provider
    token_kind: TokenKind
    created_at: int


_REVOCATIONS: Final = StructTable("pending_revocations", PendingRevocation)


def insert(tx: Transaction, vault: Vault, revocation: PendingRevocation, token: Secret) -> None:
    """Store what is to be revoked."""
    sealed_token = vault.seal(token, org=revocation.org_id, row=revocation.id, field=_FIELD)
    tx.execute(_REVOCATIONS.insert_sql("sealed_token"), (*_REVOCATIONS.to_row(revocation), sealed_token))


def list_oldest(snapshot: Snapshot, limit: int) -> list[PendingRevocation]:
    """List revocations of all organizations, those of the oldest connections first."""
    return _REVOCATIONS.fetch_all(snapshot, "WHERE id > '' ORDER BY id LIMIT ?", (limit,))


def exists_of_org(snapshot: Snapshot, org_id: str) -> bool:
    """Whether an organization has any."""
    return snapshot.fetch_value("SELECT 1 FROM pending_revocations WHERE org_id = ? LIMIT 1", (org_id,)) is not None


def unseal_token(snapshot: Snapshot, vault: Vault, revocation: PendingRevocation) -> Secret | None:
    """Unseal the token; None where the revocation was carried out meanwhile. Raises VaultError."""
    row = snapshot.fetch_one("SELECT sealed_token FROM pending_revocations WHERE id = ?", (revocation.id,))
    return None if row is None else vault.open(row[0], org=revocation.org_id, row=revocation.id, field=_FIELD)


def delete(tx: Transaction, revocation_id: str) -> None:
    """Forget a revocation: the provider was asked."""
    tx.execute("DELETE FROM pending_revocations WHERE id = ?", (revocation_id,))
