"""Connections as their organization and the services read them."""

from functools import partial

import msgspec
import structlog
from msgspec import Struct

from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.connections.credentials import Credentials, OauthTokens
from dcvd.core.operators import is_wanted_organization
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound, Unauthorized
from dcvd.kit.vault.sealing import VaultError
from dcvd.services import reach
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.store.connections import connections
from dcvd.store.engine.paging import MAX_EXAMINED, Page, build_page, collect_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot

log = structlog.get_logger(__name__)


class UnsealedConnection(Struct, frozen=True, kw_only=True):
    """A connection with its credentials, both of the same version."""

    connection: Connection
    credentials: Credentials

    @property
    def refresh_token(self) -> Secret | None:
        """The OAuth refresh token, where there is one."""
        return self.credentials.refresh_token if isinstance(self.credentials, OauthTokens) else None


class CredentialsUnreadable(Unauthorized):
    """The stored credentials of a connection cannot be opened: they are damaged, or their key is missing."""

    def __init__(self, connection: Connection, error: Unauthorized) -> None:
        super().__init__(error.message, code=error.code)
        self.connection = connection


async def list_page(
    context: Context, usage: ConnectionUsage, org_id: str, *, cursor: str | None, limit: int
) -> Page[Connection]:
    """List the connections that the caller may use, newest first, with what `usage` notes of them."""
    before, link_id = decode_cursor(cursor), context.caller.link_id
    rows = await context.database.read(
        lambda snapshot: connections.list_of_org(snapshot, org_id, before=before, limit=limit + 1, link_id=link_id)
    )
    return build_page([usage.apply_to(row) for row in rows], limit, [row.id for row in rows])


async def list_with_domain_counts(
    context: Context, usage: ConnectionUsage, org_id: str, *, cursor: str | None, limit: int
) -> tuple[Page[Connection], dict[str, int]]:
    """List an organization's connections, newest first, and count the domains of each that domains use."""
    before = decode_cursor(cursor)

    def query(snapshot: Snapshot) -> tuple[list[Connection], dict[str, int]]:
        rows = connections.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
        return rows, connections.count_domains_of_each(snapshot, [row.id for row in rows])

    rows, counts = await context.database.read(query)
    return build_page([usage.apply_to(row) for row in rows], limit, [row.id for row in rows]), counts


async def list_all(
    context: Context,
    usage: ConnectionUsage,
    org_id: str | None,
    *,
    status: ConnectionStatus | None,
    provider: Provider | None,
    cursor: str | None,
    limit: int,
    max_examined: int = MAX_EXAMINED,
) -> Page[Connection]:
    """List connections of an organization, or of all, newest first, out of the next that are examined.

    A page may be short, and have a next one.
    """

    def fetch(snapshot: Snapshot, before: str | None, count: int) -> list[Connection]:
        if org_id is not None:
            return connections.list_of_org(snapshot, org_id, before=before, limit=count)
        return connections.list_of_all(snapshot, status=status, before=before, limit=count)

    def matches(connection: Connection) -> bool:
        return (
            is_wanted_organization(org_id, connection.org_id)
            and status in (None, connection.status)
            and provider in (None, connection.provider)
        )

    before = decode_cursor(cursor)
    page = await context.database.read(
        lambda snapshot: collect_page(
            partial(fetch, snapshot),
            before,
            limit=limit,
            matches=matches,
            key=lambda connection: connection.id,
            max_examined=max_examined,
        )
    )
    return Page([usage.apply_to(connection) for connection in page.items], page.next_cursor)


async def get(
    context: Context, usage: ConnectionUsage, org_id: str | None, connection_id: str
) -> tuple[Connection, int]:
    """Get a connection of an organization, or of any, with what `usage` notes of it, and count the domains that use it.

    Raises NotFound, also for another organization's.
    """

    def query(snapshot: Snapshot) -> tuple[Connection, int]:
        connection = get_owned(context, snapshot, org_id, connection_id)
        return connection, connections.count_domains(snapshot, connection_id)

    connection, domain_count = await context.database.read(query)
    return usage.apply_to(connection), domain_count


def get_owned(context: Context, snapshot: Snapshot, org_id: str | None, connection_id: str) -> Connection:
    """Get a connection that the caller may use. Raises NotFound, also for another organization's than `org_id`."""
    connection = connections.get(snapshot, connection_id)
    if (
        connection is None
        or not is_wanted_organization(org_id, connection.org_id)
        or not reach.covers_connection(context, connection)
    ):
        raise NotFound(word("connection_unknown", connection=connection_id))
    return connection


async def load_connection(context: Context, org_id: str, connection_id: str) -> UnsealedConnection:
    """Get an organization's connection with its credentials, whatever its status.

    Raises NotFound, NotConfigured without a configured key, CredentialsUnreadable.
    """
    vault = context.connection_vault

    def query(snapshot: Snapshot) -> UnsealedConnection:
        connection = get_owned(context, snapshot, org_id, connection_id)
        try:
            credentials = connections.unseal_credentials(snapshot, vault, connection)
        except VaultError as error:
            _log_unreadable(connection, error.code, error.message)
            raise _unreadable_error(connection) from error
        except msgspec.ValidationError:  # not chained: it may quote what it could not read
            _log_unreadable(connection, None, "They were decrypted, and are no credentials.")
            raise _unreadable_error(connection) from None
        return UnsealedConnection(connection=connection, credentials=credentials)

    return await context.database.read(query)


def _unreadable_error(connection: Connection) -> CredentialsUnreadable:
    error = Unauthorized(
        f"The credentials of the connection {connection.id} cannot be opened: ask the operator of dcvd, whose log says "
        "why, or remove the connection and connect anew.",
        code="credentials_unreadable",
    )
    return CredentialsUnreadable(connection, error)


def _log_unreadable(connection: Connection, code: str | None, message: str) -> None:
    """Log it once: after that, the connection is known to need its owner."""
    if connection.status is ConnectionStatus.ACTIVE:
        log.error("connection.unreadable", connection_id=connection.id, code=code, error=message)
