"""Every column that holds what the vault has sealed: which keys it names, and what another key than the present sealed.

Each such column has an index by its values' heads (their version and their key's id), so that nothing here scans.
"""

from typing import Final

from msgspec import Struct

from dcvd.errors import StoreError
from dcvd.kit.vault.sealing import HEAD_BYTES, key_id_of
from dcvd.store.engine.database import Snapshot, Transaction

_MOST_HEADS: Final = 100
"""Of one column: there are two for each key; more say that the column was filled by something else."""


class SealedColumn(Struct, frozen=True, kw_only=True):
    """A column, and what its values are bound to: the vault's name of the field, and SQL for the row and its owner.

    `key` is the table's primary key. `brief`: its rows live for minutes and are never sealed anew; they end by
    themselves. `one` and `many` say for people what a value is.
    """

    table: str
    column: str
    field: str
    key: str = "id"
    row: str = "id"
    org: str = "org_id"
    brief: bool = False
    one: str
    many: str

    @property
    def head(self) -> str:
        """SQL for the head of a value, as it is indexed."""
        return f"substr({self.column}, 1, {HEAD_BYTES})"

    def counted(self, count: int) -> str:
        """Such as `3 webhook secrets`."""
        return f"{count} {self.one if count == 1 else self.many}"


WEBHOOK_SECRETS: Final = SealedColumn(
    table="webhook_secrets",
    column="sealed",
    field="webhook_secrets.secret",
    org="(SELECT w.org_id FROM webhook_endpoints w WHERE w.id = webhook_secrets.endpoint_id)",
    one="webhook secret",
    many="webhook secrets",
)
WEBHOOK_HEADERS: Final = SealedColumn(
    table="webhook_endpoints",
    column="sealed_headers",
    field="webhook_endpoints.headers",
    one="webhook's headers",
    many="webhooks' headers",
)
ACCESS_TOKENS: Final = SealedColumn(
    table="oauth_connections",
    column="encrypted_access_token",
    field="oauth_connections.encrypted_access_token",
    one="connection's credentials",
    many="connections' credentials",
)
REFRESH_TOKENS: Final = SealedColumn(
    table="oauth_connections",
    column="encrypted_refresh_token",
    field="oauth_connections.encrypted_refresh_token",
    one="connection's refresh token",
    many="connections' refresh tokens",
)
VERIFIERS: Final = SealedColumn(
    table="oauth_states",
    column="sealed_verifier",
    field="oauth_states.sealed_verifier",
    key="state_hash",
    row="lower(hex(state_hash))",
    brief=True,
    one="authorization under way",
    many="authorizations under way",
)
COLUMNS: Final = (WEBHOOK_SECRETS, WEBHOOK_HEADERS, ACCESS_TOKENS, REFRESH_TOKENS, VERIFIERS)


class Kind(Struct, frozen=True):
    """The values of one column that have one head."""

    column: SealedColumn
    head: bytes

    @property
    def key_id(self) -> str | None:
        """The key that sealed them; None for what the vault has not sealed."""
        return key_id_of(self.head)


class Value(Struct, frozen=True):
    """A sealed value, its row as the vault knows it, and the organization that it belongs to."""

    row: str
    org_id: str
    sealed: bytes


def kinds(snapshot: Snapshot) -> list[Kind]:
    """What there is, column by column. Raises StoreError where there is no end of it, which only damage explains."""
    found = []
    for column in COLUMNS:
        after, count = b"", 0
        while row := snapshot.one(
            f"SELECT {column.head} FROM {column.table} WHERE {column.head} > ? AND {column.column} IS NOT NULL"
            f" ORDER BY {column.head} LIMIT 1",
            (after,),
        ):
            (after,), count = row, count + 1
            if count > _MOST_HEADS:
                raise StoreError(
                    f"{column.table}.{column.column} names more than {_MOST_HEADS} keys, so it was damaged: restore "
                    "the database from a backup."
                )
            found.append(Kind(column, after))
    return found


def key_ids(kinds: list[Kind]) -> set[str]:
    """The keys that they need."""
    return {kind.key_id for kind in kinds if kind.key_id is not None}


def count(snapshot: Snapshot, kind: Kind) -> int:
    """How many values of a kind there are."""
    column = kind.column
    row = snapshot.one(
        f"SELECT count(*) FROM {column.table} WHERE {column.head} = ? AND {column.column} IS NOT NULL", (kind.head,)
    )
    assert row is not None
    return int(row[0])


def page(snapshot: Snapshot, kind: Kind, *, after: str, limit: int) -> list[Value]:
    """Values of a kind in the order of their rows, those behind the row `after`."""
    column = kind.column
    rows = snapshot.all(
        f"SELECT {column.row}, coalesce({column.org}, ''), {column.column} FROM {column.table} WHERE {column.head} = ?"
        f" AND {column.column} IS NOT NULL AND {column.key} > ? ORDER BY {column.key} LIMIT ?",
        (kind.head, bytes.fromhex(after) if column.key != column.row else after, limit),
    )
    return [Value(*row) for row in rows]


def replace(tx: Transaction, column: SealedColumn, value: Value, anew: bytes) -> bool:
    """Store a value that was sealed anew; False where the row is gone, or holds something else by now."""
    changed = tx.run(
        f"UPDATE {column.table} SET {column.column} = ?1 WHERE {column.key} = ?2 AND {column.column} = ?3",
        (anew, value.row, value.sealed),
    )
    return changed > 0
