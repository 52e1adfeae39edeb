"""Every column with values that the vault has sealed: which keys they name, and which need sealing anew.

Each such column has an index by its values' heads (their version and their key's id), so that nothing here scans.
"""

from typing import Final

from msgspec import Struct

from dcvd.core import numbers
from dcvd.errors import StoreError
from dcvd.kit.vault.sealing import HEAD_BYTES, read_key_id
from dcvd.store.engine.transactions import Snapshot, Transaction

_MAX_HEADS: Final = 100
"""Heads of one column: there are two for each key; more mean that something else filled the column."""


class SealedColumn(Struct, frozen=True):
    """A column, and what its values are bound to: the vault's name of the field, and SQL for the row and its owner.

    `primary_key` is the table's primary key. `is_short_lived`: its rows live for minutes and are never sealed anew;
    they end by themselves. `singular` and `plural` say for people what a value is.
    """

    table: str
    column: str
    field: str
    singular: str
    plural: str
    primary_key: str = "id"
    row_sql: str = "id"
    org_sql: str = "org_id"
    is_short_lived: bool = False

    @property
    def head_sql(self) -> str:
        """The SQL for the head of a value, as it is indexed."""
        return f"substr({self.column}, 1, {HEAD_BYTES})"

    def describe_count(self, count: int) -> str:
        """Describe a number of values, such as `3 webhook secrets`."""
        return numbers.count(count, self.singular, self.plural)


WEBHOOK_SECRETS: Final = SealedColumn(
    "webhook_secrets", "sealed", "webhook_secrets.secret", "webhook secret", "webhook secrets",
    org_sql="(SELECT w.org_id FROM webhook_endpoints w WHERE w.id = webhook_secrets.endpoint_id)",
)  # fmt: skip
WEBHOOK_HEADERS: Final = SealedColumn(
    "webhook_endpoints", "sealed_headers", "webhook_endpoints.headers", "webhook's headers", "webhooks' headers"
)
CLIENT_CERTIFICATES: Final = SealedColumn(
    "webhook_endpoints", "sealed_client_certificate", "webhook_endpoints.client_certificate",
    "webhook's client certificate", "webhooks' client certificates",
)  # fmt: skip
ACCESS_TOKENS: Final = SealedColumn(
    "oauth_connections", "encrypted_access_token", "oauth_connections.encrypted_access_token",
    "connection's credentials", "connections' credentials",
)  # fmt: skip
REFRESH_TOKENS: Final = SealedColumn(
    "oauth_connections", "encrypted_refresh_token", "oauth_connections.encrypted_refresh_token",
    "connection's refresh token", "connections' refresh tokens",
)  # fmt: skip
VERIFIERS: Final = SealedColumn(
    "oauth_states", "sealed_verifier", "oauth_states.sealed_verifier",
    "authorization under way", "authorizations under way",
    primary_key="state_hash", row_sql="lower(hex(state_hash))", is_short_lived=True,
)  # fmt: skip
REVOCATIONS: Final = SealedColumn(
    "pending_revocations", "sealed_token", "pending_revocations.sealed_token",
    "token to be revoked", "tokens to be revoked",
)  # fmt: skip
ANSWERS: Final = SealedColumn(
    "idempotency_answers", "sealed_answer", "idempotency_answers.answer", "remembered answer", "remembered answers"
)
CONTACT_KEYS: Final = SealedColumn(
    "alert_contacts", "sealed_key", "alert_contacts.key", "key of a contact's links", "keys of contacts' links"
)
COLUMNS: Final = (
    WEBHOOK_SECRETS, WEBHOOK_HEADERS, CLIENT_CERTIFICATES, ACCESS_TOKENS, REFRESH_TOKENS, VERIFIERS, REVOCATIONS,
    ANSWERS, CONTACT_KEYS,
)  # fmt: skip


class SealedGroup(Struct, frozen=True):
    """The values of one column that have the same head."""

    column: SealedColumn
    head: bytes

    @property
    def key_id(self) -> str | None:
        """The id of the key that sealed them; None for values that the vault has not sealed."""
        return read_key_id(self.head)


class SealedValue(Struct, frozen=True):
    """A sealed value, its row as the vault knows it, and the organization that it belongs to."""

    row: str
    org_id: str
    sealed_bytes: bytes


def list_groups(snapshot: Snapshot) -> list[SealedGroup]:
    """List the groups of every column. Raises StoreError for a column with too many, which only damage explains."""
    groups = []
    for column in COLUMNS:
        after, count = b"", 0
        while row := snapshot.fetch_one(
            f"SELECT {column.head_sql} FROM {column.table} WHERE {column.head_sql} > ? AND {column.column} IS NOT NULL"
            f" ORDER BY {column.head_sql} LIMIT 1",
            (after,),
        ):
            (after,), count = row, count + 1
            if count > _MAX_HEADS:
                raise StoreError(
                    f"{column.table}.{column.column} names more than {_MAX_HEADS} keys, so it was damaged: restore "
                    "the database from a backup."
                )
            groups.append(SealedGroup(column, after))
    return groups


def key_ids(groups: list[SealedGroup]) -> set[str]:
    """Collect the ids of the keys that groups need."""
    return {group.key_id for group in groups if group.key_id is not None}


def count_values(snapshot: Snapshot, group: SealedGroup) -> int:
    """Count the values of a group."""
    column = group.column
    return snapshot.fetch_count(
        f"SELECT count(*) FROM {column.table} WHERE {column.head_sql} = ? AND {column.column} IS NOT NULL",
        (group.head,),
    )


def list_values(snapshot: Snapshot, group: SealedGroup, *, after: str, limit: int) -> list[SealedValue]:
    """List values of a group in the order of their rows, after the row `after`."""
    column = group.column
    rows = snapshot.fetch_all(
        f"SELECT {column.row_sql}, coalesce({column.org_sql}, ''), {column.column} FROM {column.table} WHERE "
        f"{column.head_sql} = ?"
        f" AND {column.column} IS NOT NULL AND {column.primary_key} > ? ORDER BY {column.primary_key} LIMIT ?",
        (group.head, bytes.fromhex(after) if column.primary_key != column.row_sql else after, limit),
    )
    return [SealedValue(*row) for row in rows]


def replace_value(tx: Transaction, column: SealedColumn, value: SealedValue, resealed_value: bytes) -> bool:
    """Store a value that was sealed anew; False where the row is removed, or holds another value by now."""
    changed_rows = tx.execute(
        f"UPDATE {column.table} SET {column.column} = ?1 WHERE {column.primary_key} = ?2 AND {column.column} = ?3",
        (resealed_value, value.row, value.sealed_bytes),
    )
    return changed_rows > 0
