"""Connections: stored, listed, shown, removed."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from dcvd.core.answers import printable
from dcvd.core.connections import Connection, Provider
from dcvd.core.credentials import Credentials, OauthTokens, method_of
from dcvd.core.ids import Prefix
from dcvd.core.secret import Secret
from dcvd.errors import Conflict, NotFound, Unauthorized
from dcvd.kit.vault import VaultError
from dcvd.services.context import Context
from dcvd.store import connections
from dcvd.store.database import Snapshot, Transaction
from dcvd.store.paging import Page, decode_cursor, page

log = structlog.get_logger(__name__)

_MOST: Final = 100
"""Connections of an organization."""
_LONGEST_ACCOUNT: Final = 200


class OpenedConnection(Struct, frozen=True, kw_only=True):
    """A connection with what it authenticates with, both of the same version."""

    connection: Connection
    credentials: Credentials

    @property
    def refresh_token(self) -> Secret | None:
        """Of OAuth, where there is one."""
        return self.credentials.refresh_token if isinstance(self.credentials, OauthTokens) else None


async def create(
    context: Context,
    org_id: str,
    provider: Provider,
    credentials: Credentials,
    *,
    account: str | None,
    scopes: Sequence[str],
    expires_at: int | None,
    refresh_at: int | None,
    actor: str,
    also: Callable[[Transaction, Connection], None] | None = None,
) -> Connection:
    """Store a connection whose credentials were tried.

    refresh_at: does not count without a refresh token. actor: who made it, as a timeline names him. also: what has to
    be stored with it or not at all; what it raises comes out here. Raises Unavailable without a configured key,
    Conflict where the organization has too many.
    """
    vault = context.connection_vault
    now = context.now()
    connection = Connection(
        id=context.new_id(Prefix.CONNECTION),
        org_id=org_id,
        provider=provider,
        method=method_of(credentials),
        account=None if account is None else printable(account)[:_LONGEST_ACCOUNT],
        scopes=tuple(scopes),
        expires_at=expires_at,
        refresh_at=refresh_at if _is_renewable(credentials) else None,
        created_at=now,
        updated_at=now,
    )

    def unit(tx: Transaction) -> None:
        check_room(tx, org_id)
        if also is not None:
            also(tx, connection)
        connections.insert(tx, vault, connection, credentials)

    await context.database.write(unit)
    log.info(
        "connection.created",
        connection_id=connection.id,
        org_id=org_id,
        provider=provider,
        method=connection.method,
        actor=actor,
    )
    return connection


def check_room(snapshot: Snapshot, org_id: str) -> None:
    """Raises Conflict where an organization may have no further connection."""
    if connections.count_of_org(snapshot, org_id) >= _MOST:
        raise Conflict(
            f"There are {_MOST} connections already; remove one that no domain needs.", code="too_many_connections"
        )


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Connection]:
    """Newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: connections.of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, connection_id: str) -> tuple[Connection, int]:
    """By id, and the number of domains that use it. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> tuple[Connection, int]:
        connection = owned(snapshot, org_id, connection_id)
        return connection, connections.count_domains(snapshot, connection.id)

    return await context.database.read(query)


def owned(snapshot: Snapshot, org_id: str, connection_id: str) -> Connection:
    """An organization's connection. Raises NotFound; another organization's looks the same as none."""
    connection = connections.get(snapshot, connection_id)
    if connection is None or connection.org_id != org_id:
        raise NotFound(f"There is no connection {connection_id}.")
    return connection


def opened(context: Context, snapshot: Snapshot, org_id: str, connection_id: str) -> OpenedConnection:
    """An organization's connection with its credentials.

    Raises NotFound, Unavailable without a configured key, Unauthorized with the code `credentials_unreadable` where
    what is stored cannot be opened: the key may come back.
    """
    vault = context.connection_vault
    connection = owned(snapshot, org_id, connection_id)
    try:
        found = connections.credentials(snapshot, vault, connection)
    except VaultError as error:
        log.error("connection.unreadable", connection_id=connection_id, code=error.code, error=error.message)  # noqa: TRY400
        raise _unreadable(connection_id) from error
    except msgspec.ValidationError:  # not chained: it may quote what it could not read
        log.error("connection.unreadable", connection_id=connection_id)  # noqa: TRY400
        raise _unreadable(connection_id) from None
    return OpenedConnection(connection=connection, credentials=found)


def _unreadable(connection_id: str) -> Unauthorized:
    return Unauthorized(
        f"What the connection {connection_id} authenticates with cannot be opened: ask the operator of dcvd, whose log "
        "says why, or remove the connection and connect anew.",
        code="credentials_unreadable",
    )


def _is_renewable(credentials: Credentials) -> bool:
    return isinstance(credentials, OauthTokens) and credentials.refresh_token is not None
