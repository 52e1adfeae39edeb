"""Connections to DNS providers, and their sealed credentials."""

from collections.abc import Collection, Mapping
from typing import Final

from dcvd.core.clock_discipline import ClockStep
from dcvd.core.connections.connection import Connection, ConnectionFault, ConnectionMethod, ConnectionStatus
from dcvd.core.connections.credentials import Credentials, OauthTokens, decode, encode
from dcvd.core.secret import Secret
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_CONNECTIONS: Final = StructTable("oauth_connections", Connection, renamed={"last_error.message": "last_error"})
_ACCESS_FIELD: Final = "oauth_connections.encrypted_access_token"
_REFRESH_FIELD: Final = "oauth_connections.encrypted_refresh_token"


def insert(tx: Transaction, vault: Vault, connection: Connection, credentials: Credentials) -> None:
    """Store a new connection with its credentials."""
    tx.execute(
        _CONNECTIONS.insert_sql("encrypted_access_token", "encrypted_refresh_token"),
        (*_CONNECTIONS.to_row(connection), *_seal(vault, connection, credentials)),
    )


def get(snapshot: Snapshot, connection_id: str) -> Connection | None:
    """Get a connection by its id, of whichever organization."""
    return _CONNECTIONS.fetch_one(snapshot, "WHERE id = ?", (connection_id,))


def list_existing_ids(snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
    """List those ids that connections of an organization have."""
    return _CONNECTIONS.list_existing_ids(snapshot, org_id, ids)


def list_of_org(
    snapshot: Snapshot, org_id: str, *, before: str | None, limit: int, link_id: str | None = None
) -> list[Connection]:
    """List an organization's connections with an id below `before`, newest first; only those of a link, if given."""
    return _CONNECTIONS.list_of_org(snapshot, org_id, before=before, limit=limit, link_id=link_id)


def list_of_all(
    snapshot: Snapshot, *, status: ConnectionStatus | None, before: str | None, limit: int
) -> list[Connection]:
    """List connections of every organization with an id below `before`, newest first.

    Of a status that has an index, only these.
    """
    if status is ConnectionStatus.REAUTH_REQUIRED:
        return _CONNECTIONS.list_of_all(
            snapshot,
            before=before,
            limit=limit,
            index="oauth_connections_refused_by_id",
            condition="status = 'reauth_required'",
        )
    return _CONNECTIONS.list_of_all(snapshot, before=before, limit=limit)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's connections, but no further than `limit`."""
    return _CONNECTIONS.count_of_org(snapshot, org_id, limit)


def count_of_link(snapshot: Snapshot, org_id: str, link_id: str) -> int:
    """Count the connections that customers made by a link."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM oauth_connections WHERE org_id = ? AND link_id = ?", (org_id, link_id)
    )


def count_domains(snapshot: Snapshot, connection_id: str) -> int:
    """Count the domains that use a connection."""
    return snapshot.fetch_count("SELECT count(*) FROM domains WHERE connection_id = ?", (connection_id,))


def count_domains_of_each(snapshot: Snapshot, connection_ids: Collection[str]) -> dict[str, int]:
    """Count the domains that use each of some connections; those that none uses are left out."""
    rows = snapshot.fetch_all(
        "SELECT connection_id, count(*) FROM domains WHERE connection_id IN (SELECT value FROM json_each(?))"
        " GROUP BY connection_id",
        (encode_list(connection_ids),),
    )
    return dict(rows)


def unseal_credentials(snapshot: Snapshot, vault: Vault, connection: Connection) -> Credentials:
    """Unseal the credentials of a connection that was read in this snapshot. Raises VaultError."""
    row = snapshot.fetch_one(
        "SELECT encrypted_access_token, encrypted_refresh_token FROM oauth_connections WHERE id = ?", (connection.id,)
    )
    assert row is not None, "the connection was read in this snapshot"
    access = vault.open(row[0], org=connection.org_id, row=connection.id, field=_ACCESS_FIELD)
    if connection.method is not ConnectionMethod.OAUTH:
        return decode(access)
    refresh: Secret | None = None
    if row[1] is not None:
        refresh = vault.open(row[1], org=connection.org_id, row=connection.id, field=_REFRESH_FIELD)
    return OauthTokens(access_token=access, refresh_token=refresh)


def replace_credentials(tx: Transaction, vault: Vault, connection: Connection, credentials: Credentials) -> bool:
    """Replace a connection's credentials of the version before, and store what follows from the new ones.

    Returns False, and stores nothing, where another change came first or the connection is removed.
    """
    access, refresh = _seal(vault, connection, credentials)
    changed_rows = tx.execute(
        "UPDATE oauth_connections SET encrypted_access_token = ?, encrypted_refresh_token = ?, version = ?,"
        " scopes = ?, expires_at = ?, refresh_at = ?, updated_at = ? WHERE id = ? AND version = ?",
        (
            access,
            refresh,
            connection.version,
            encode_list(connection.scopes),
            connection.expires_at,
            connection.refresh_at,
            connection.updated_at,
            connection.id,
            connection.version - 1,
        ),
    )
    return changed_rows == 1


def require_reauth(tx: Transaction, connection_id: str, version: int, fault: ConnectionFault) -> bool:
    """Store that the credentials of this version are refused, so that nothing refreshes them any more.

    Returns False where that is known already, or they have changed meanwhile.
    """
    changed_rows = tx.execute(
        "UPDATE oauth_connections SET status = 'reauth_required', refresh_at = NULL, last_error_code = ?,"
        " last_error = ?, last_error_at = ?, updated_at = ? WHERE id = ? AND version = ? AND status = 'active'",
        (fault.code, fault.message, fault.at, fault.at, connection_id, version),
    )
    return changed_rows == 1


def touch(tx: Transaction, used_at: Mapping[str, int]) -> None:
    """Store when connections were last used, by their ids."""
    tx.execute_many(
        "UPDATE oauth_connections SET last_used_at = ?1 WHERE id = ?2 AND coalesce(last_used_at, 0) < ?1",
        [(at, connection_id) for connection_id, at in used_at.items()],
    )


def set_faults(tx: Transaction, faults: Mapping[str, ConnectionFault]) -> None:
    """Store the last fault of connections, by their ids."""
    tx.execute_many(
        "UPDATE oauth_connections SET last_error_code = ?1, last_error = ?2, last_error_at = ?3"
        " WHERE id = ?4 AND coalesce(last_error_at, 0) <= ?3",
        [(fault.code, fault.message, fault.at, connection_id) for connection_id, fault in faults.items()],
    )


def list_due_for_refresh(
    snapshot: Snapshot, job_kind: str, now: int, limit: int, *, dead_since: int
) -> list[Connection]:
    """List connections whose refresh is due and has no pending job of its kind, the longest due first.

    dead_since: a refresh whose job has become a dead letter since this instant, and before `now`, is left out.
    """
    return _CONNECTIONS.fetch_all(
        snapshot,
        "AS c WHERE refresh_at IS NOT NULL AND refresh_at <= ?1"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.connection_id = c.id AND j.kind = ?2 AND j.state = 'pending')"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.connection_id = c.id AND j.kind = ?2 AND j.state = 'dead'"
        " AND j.updated_at >= max(c.refresh_at, ?3) AND j.updated_at <= ?1)"
        " ORDER BY refresh_at LIMIT ?4",
        (now, job_kind, dead_since, limit),
    )


def refresh_now(tx: Transaction, step: ClockStep) -> int:
    """After a step back, make due the refreshes that were planned by the clock that was ahead; return how many."""
    if step.length_ms > 0:
        return 0
    return tx.execute(
        "UPDATE oauth_connections SET refresh_at = ?1 WHERE refresh_at > ?1 AND updated_at > ?1", (step.after_at,)
    )


def list_expired(snapshot: Snapshot, now: int, limit: int) -> list[Connection]:
    """List active connections whose access token has expired and that cannot be refreshed."""
    return _CONNECTIONS.fetch_all(
        snapshot,
        "WHERE status = 'active' AND refresh_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ?"
        " ORDER BY expires_at LIMIT ?",
        (now, limit),
    )


def filter_owned_ids(
    snapshot: Snapshot, org_id: str, connection_ids: Collection[str], *, link_id: str | None = None
) -> frozenset[str]:
    """Return those of the ids that belong to connections of an organization; only to those made by a link, if given."""
    return frozenset(
        snapshot.fetch_column(
            "SELECT id FROM oauth_connections WHERE id IN (SELECT value FROM json_each(?1)) AND org_id = ?2"
            " AND (?3 IS NULL OR link_id = ?3)",
            (encode_list(connection_ids), org_id, link_id),
        )
    )


def delete(tx: Transaction, connection_id: str) -> None:
    """Remove a connection with its credentials; its domains stay, without a connection."""
    tx.execute("DELETE FROM oauth_connections WHERE id = ?", (connection_id,))


def _seal(vault: Vault, connection: Connection, credentials: Credentials) -> tuple[bytes, bytes | None]:
    """Seal credentials: for OAuth the two tokens, for every other method all of it as the first."""
    org, row = connection.org_id, connection.id
    if not isinstance(credentials, OauthTokens):
        return vault.seal(encode(credentials), org=org, row=row, field=_ACCESS_FIELD), None
    refresh = credentials.refresh_token
    return (
        vault.seal(credentials.access_token, org=org, row=row, field=_ACCESS_FIELD),
        None if refresh is None else vault.seal(refresh, org=org, row=row, field=_REFRESH_FIELD),
    )
