"""Connections as JSON, without their credentials."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.connections.connection import Connection, ConnectionMethod, ConnectionStatus, Provider
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view


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
    return build_view(ConnectionView, connection, domains=domains)
