"""Connections: stored, listed, shown, removed."""

from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.core.connections import Connection, Provider
from dcvd.core.credentials import Credentials, method_of
from dcvd.core.ids import Prefix
from dcvd.errors import Conflict, NotFound
from dcvd.services.context import Context
from dcvd.store import connections
from dcvd.store.database import Snapshot, Transaction
from dcvd.store.paging import Page, decode_cursor, page

log = structlog.get_logger(__name__)

_MOST: Final = 100
"""Connections of an organization."""


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
) -> Connection:
    """Store a connection whose credentials were tried.

    `actor`: who made it, as a timeline names him. Raises Unavailable without a configured key, Conflict where the
    organization has too many.
    """
    vault = context.connection_vault
    now = context.now()
    connection = Connection(
        id=context.new_id(Prefix.CONNECTION),
        org_id=org_id,
        provider=provider,
        method=method_of(credentials),
        account=account,
        scopes=tuple(scopes),
        expires_at=expires_at,
        refresh_at=refresh_at,
        created_at=now,
        updated_at=now,
    )

    def unit(tx: Transaction) -> None:
        check_room(tx, org_id)
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
