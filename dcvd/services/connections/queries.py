"""Connections as their organization and the services read them."""

import msgspec
import structlog
from msgspec import Struct

from dcvd.core.connections.connection import Connection
from dcvd.core.connections.credentials import Credentials, OauthTokens
from dcvd.core.secret import Secret
from dcvd.errors import NotFound, Unauthorized
from dcvd.kit.vault.sealing import VaultError
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.store import connections
from dcvd.store.engine.database import Snapshot
from dcvd.store.engine.paging import Page, build_page, decode_cursor

log = structlog.get_logger(__name__)


class UnsealedConnection(Struct, frozen=True, kw_only=True):
    """A connection with its credentials, both of the same version."""

    connection: Connection
    credentials: Credentials

    @property
    def refresh_token(self) -> Secret | None:
        """The OAuth refresh token, where there is one."""
        return self.credentials.refresh_token if isinstance(self.credentials, OauthTokens) else None


async def list_page(
    context: Context, usage: ConnectionUsage, org_id: str, *, cursor: str | None, limit: int
) -> Page[Connection]:
    """List an organization's connections, newest first, with what `usage` notes of them."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: connections.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page([usage.apply_to(row) for row in rows], limit, [row.id for row in rows])


async def get(context: Context, usage: ConnectionUsage, org_id: str, connection_id: str) -> tuple[Connection, int]:
    """Get a connection by its id, with what `usage` notes of it, and count the domains that use it.

    Raises NotFound, also for another organization's.
    """

    def query(snapshot: Snapshot) -> tuple[Connection, int]:
        connection = get_owned(snapshot, org_id, connection_id)
        return connection, connections.count_domains(snapshot, connection_id)

    connection, domain_count = await context.database.read(query)
    return usage.apply_to(connection), domain_count


def get_owned(snapshot: Snapshot, org_id: str, connection_id: str) -> Connection:
    """Get an organization's connection. Raises NotFound, also for another organization's."""
    connection = connections.get(snapshot, connection_id)
    if connection is None or connection.org_id != org_id:
        raise NotFound(f"There is no connection {connection_id}.")
    return connection


async def load_connection(context: Context, org_id: str, connection_id: str) -> UnsealedConnection:
    """Get an organization's connection with its credentials.

    Raises NotFound, NotConfigured without a configured key, Unauthorized with the code `credentials_unreadable` where
    the stored credentials cannot be opened: the key may come back.
    """
    vault = context.connection_vault

    def query(snapshot: Snapshot) -> UnsealedConnection:
        connection = get_owned(snapshot, org_id, connection_id)
        credentials = connections.unseal_credentials(snapshot, vault, connection)
        return UnsealedConnection(connection=connection, credentials=credentials)

    try:
        return await context.database.read(query)
    except VaultError as error:
        log.error("connection.unreadable", connection_id=connection_id, code=error.code, error=error.message)  # noqa: TRY400
        raise _unreadable_error(connection_id) from error
    except msgspec.ValidationError:  # not chained: it may quote what it could not read
        log.error("connection.unreadable", connection_id=connection_id)  # noqa: TRY400
        raise _unreadable_error(connection_id) from None


def _unreadable_error(connection_id: str) -> Unauthorized:
    return Unauthorized(
        f"The credentials of the connection {connection_id} cannot be opened: ask the operator of dcvd, whose log says "
        "why, or remove the connection and connect anew.",
        code="credentials_unreadable",
    )
