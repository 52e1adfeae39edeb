"""Connections as JSON, without their credentials."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.instants import Instant
from dcvd.core.connections.connection import Connection, ConnectionMethod, ConnectionStatus, Provider
from dcvd.core.instants import format_instant, to_rfc3339


class ConnectionFaultView(Struct, frozen=True):
    """The last failure; `code` is for programs, `message` for people."""

    code: str
    message: str
    at: Instant


class ConnectionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A connection. `expiresAt`: when its access token ends; `refreshAt`: when dcvd renews that token.

    With an `expiresAt` and a `refreshAt` of null it ends at that time, and has to be made anew. `domains`: how many
    domains use it, only in the answer about one connection.
    """

    id: str
    org_id: str
    provider: Provider
    method: ConnectionMethod
    status: ConnectionStatus
    account: str | None
    scopes: list[str]
    expires_at: Instant | None
    refresh_at: Instant | None
    last_used_at: Instant | None
    last_error: ConnectionFaultView | None
    domains: int | UnsetType = UNSET
    created_at: Instant
    updated_at: Instant


class ConnectionAnswer(Struct, frozen=True):
    connection: ConnectionView


class ConnectionList(Struct, frozen=True, kw_only=True, rename="camel"):
    connections: list[ConnectionView]
    next_cursor: str | None


def connection_view(connection: Connection, *, domains: int | UnsetType = UNSET) -> ConnectionView:
    """Show one connection."""
    fault = connection.last_error
    return ConnectionView(
        id=connection.id,
        org_id=connection.org_id,
        provider=connection.provider,
        method=connection.method,
        status=connection.status,
        account=connection.account,
        scopes=list(connection.scopes),
        expires_at=format_instant(connection.expires_at),
        refresh_at=format_instant(connection.refresh_at),
        last_used_at=format_instant(connection.last_used_at),
        last_error=None if fault is None else ConnectionFaultView(fault.code, fault.message, to_rfc3339(fault.at)),
        domains=domains,
        created_at=to_rfc3339(connection.created_at),
        updated_at=to_rfc3339(connection.updated_at),
    )
