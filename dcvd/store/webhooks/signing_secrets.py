"""The secrets that sign endpoints' deliveries: the present one, and during a rotation the earlier ones."""

from typing import Final

from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import SigningSecret
from dcvd.core.webhooks.signing import SigningKey
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.vault.sealed_columns import WEBHOOK_SECRETS

_FIELD: Final = WEBHOOK_SECRETS.field


def insert(tx: Transaction, vault: Vault, secret_id: str, org_id: str, endpoint_id: str, secret: SigningSecret) -> None:
    """Store a secret, sealed. Only one may have no expiry: the earlier ones must have got theirs."""
    tx.execute(
        "INSERT INTO webhook_secrets (id, endpoint_id, sealed, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        (
            secret_id,
            endpoint_id,
            vault.seal(secret.secret, org=org_id, row=secret_id, field=_FIELD),
            secret.created_at,
            secret.expires_at,
        ),
    )
    tx.announce(Topic.ENDPOINTS, endpoint_id)


def expire_current(tx: Transaction, endpoint_id: str, expires_at: int) -> None:
    """Let the present secret sign until an instant."""
    tx.execute(
        "UPDATE webhook_secrets SET expires_at = ? WHERE endpoint_id = ? AND expires_at IS NULL",
        (expires_at, endpoint_id),
    )


def expire_earlier(tx: Transaction, endpoint_id: str, expires_at: int) -> None:
    """Let the earlier secrets expire no later than an instant."""
    tx.execute(
        "UPDATE webhook_secrets SET expires_at = ?1 WHERE endpoint_id = ?2 AND expires_at > ?1",
        (expires_at, endpoint_id),
    )


def unseal_all(snapshot: Snapshot, vault: Vault, org_id: str, endpoint_id: str) -> list[SigningSecret]:
    """Unseal all stored secrets of an endpoint, the oldest first."""
    rows = snapshot.fetch_all(
        "SELECT id, plain, sealed, created_at, expires_at FROM webhook_secrets WHERE endpoint_id = ?"
        " ORDER BY created_at",
        (endpoint_id,),
    )
    return [
        SigningSecret(
            secret=SigningKey(
                plain if sealed is None else vault.open(sealed, org=org_id, row=secret_id, field=_FIELD).reveal()
            ),
            created_at=created_at,
            expires_at=expires_at,
        )
        for secret_id, plain, sealed, created_at, expires_at in rows
    ]


def count_valid(snapshot: Snapshot, endpoint_id: str, now: int) -> int:
    """Count the secrets of an endpoint that are valid at an instant."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM webhook_secrets WHERE endpoint_id = ? AND (expires_at IS NULL OR expires_at > ?)",
        (endpoint_id, now),
    )


def seal_plaintext(tx: Transaction, vault: Vault, limit: int) -> int:
    """Seal some of the secrets that an earlier version of dcvd stored plain; return how many.

    SQLite overwrites the freed bytes (`secure_delete`), so that the file does not keep them.
    """
    rows = tx.fetch_all(
        "SELECT s.id, s.plain, w.org_id FROM webhook_secrets s JOIN webhook_endpoints w ON w.id = s.endpoint_id"
        " WHERE s.plain IS NOT NULL AND s.id > '' LIMIT ?",
        (limit,),
    )
    for secret_id, plain, org_id in rows:
        sealed = vault.seal(Secret(plain), org=org_id, row=secret_id, field=_FIELD)
        tx.execute("UPDATE webhook_secrets SET plain = NULL, sealed = ? WHERE id = ?", (sealed, secret_id))
    return len(rows)


def delete_expired(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove secrets that expired before an instant; return how many."""
    return tx.delete_some("webhook_secrets", "id", "expires_at IS NOT NULL AND expires_at < ?", (cutoff_at, limit))
