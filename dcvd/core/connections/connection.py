"""Connections: the right to write records at a customer's DNS provider."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.instants import SECOND
from dcvd.core.text import make_printable


class Provider(StrEnum):
    """The DNS provider of a connection."""

    CLOUDFLARE = "cloudflare"
    GODADDY = "godaddy"
    ROUTE53 = "route53"
    OTHER = "other"


class ConnectionMethod(StrEnum):
    """How a connection was set up: by OAuth, or with a type of credentials."""

    OAUTH = "oauth"
    API_TOKEN = "api_token"
    KEY_PAIR = "key_pair"
    AWS_ROLE = "aws_role"
    AWS_KEYS = "aws_keys"
    TSIG = "tsig"


class ConnectionStatus(StrEnum):
    """Whether a connection works.

    `reauth_required`: its owner has to act, because the provider refuses its credentials, or they cannot be opened.
    """

    ACTIVE = "active"
    REAUTH_REQUIRED = "reauth_required"


class ConnectionFault(Struct, frozen=True):
    """The last failure of a connection: a stable code and a sentence for a person; `at` is in milliseconds."""

    code: str
    message: str
    at: int


_MAX_MESSAGE_CHARS: Final = 500
_EXPIRY_MARGIN_MS: Final = 30 * SECOND
"""A call with an access token has to be finished before the token expires."""


class Connection(Struct, frozen=True, kw_only=True):
    """A connection without its credentials. Instants are in milliseconds.

    account: the name of the account, from the provider or the connection's owner; never a secret. scopes: those that
    were granted. version: counts changes of the credentials. expires_at: the expiry of the access token, None where it
    has none. refresh_at: when the access token is to be refreshed although nobody uses it, None where it cannot be; of
    one that lives for a few minutes only, that is after its expiry. link_id: the link by which a customer made it; None
    where nobody did by a link.
    """

    id: str
    org_id: str
    provider: Provider
    method: ConnectionMethod
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    account: str | None = None
    scopes: tuple[str, ...] = ()
    version: int = 1
    expires_at: int | None = None
    refresh_at: int | None = None
    last_used_at: int | None = None
    last_error: ConnectionFault | None = None
    link_id: str | None = None
    created_at: int
    updated_at: int


def to_fault(code: str, message: str, at: int) -> ConnectionFault:
    """Return a fault with its message made printable and shortened, because a provider may have written it."""
    return ConnectionFault(code, make_printable(message)[:_MAX_MESSAGE_CHARS], at)


def is_token_expired(connection: Connection, now: int) -> bool:
    """Whether the access token has expired."""
    return connection.expires_at is not None and connection.expires_at <= now


def needs_refresh(connection: Connection, now: int) -> bool:
    """Whether the access token has to be refreshed before the next call, because it has expired or is about to."""
    expires_at, refresh_at = connection.expires_at, connection.refresh_at
    if expires_at is None or refresh_at is None:
        return is_token_expired(connection, now)
    return max(expires_at - _EXPIRY_MARGIN_MS, min(refresh_at, expires_at)) <= now
