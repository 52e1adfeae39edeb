"""Connections: the right to write records at a customer's DNS provider."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.instants import SECOND
from dcvd.core.text import make_printable


class Provider(StrEnum):
    """Whom a connection leads to."""

    CLOUDFLARE = "cloudflare"
    GODADDY = "godaddy"
    ROUTE53 = "route53"
    OTHER = "other"


class ConnectionMethod(StrEnum):
    """By what it was made: OAuth, or a kind of credentials."""

    OAUTH = "oauth"
    API_TOKEN = "api_token"
    KEY_PAIR = "key_pair"
    AWS_ROLE = "aws_role"
    AWS_KEYS = "aws_keys"
    TSIG = "tsig"


class ConnectionStatus(StrEnum):
    """Whether it works; `reauth_required`: the provider refuses its credentials, and its owner has to connect anew."""

    ACTIVE = "active"
    REAUTH_REQUIRED = "reauth_required"


class ConnectionFault(Struct, frozen=True):
    """What went wrong last: a stable code and a sentence for a person; `at` in milliseconds."""

    code: str
    message: str
    at: int


_LONGEST_MESSAGE: Final = 500
_EXPIRY_MARGIN_MS: Final = 30 * SECOND
"""A call that is made with an access token has to be through before its end."""


class Connection(Struct, frozen=True, kw_only=True):
    """A connection without its credentials. Instants are milliseconds.

    account: what the provider, or its owner, calls it; never a secret. scopes: those that were granted.
    version: counts changes of the credentials. expires_at: end of the present access token, None where it has none;
    refresh_at: when it is to be refreshed, None where it cannot be.
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
    created_at: int
    updated_at: int


def to_fault(code: str, message: str, at: int) -> ConnectionFault:
    """With no more of the message than a person reads: a part of it may be a provider's."""
    return ConnectionFault(code, make_printable(message)[:_LONGEST_MESSAGE], at)


def is_token_expired(connection: Connection, now: int) -> bool:
    """Whether the access token has ended."""
    return connection.expires_at is not None and connection.expires_at <= now


def needs_refresh(connection: Connection, now: int) -> bool:
    """Whether the access token has ended or is about to, and is to be refreshed before the next call is made."""
    expires_at, refresh_at = connection.expires_at, connection.refresh_at
    if expires_at is None or refresh_at is None:
        return is_token_expired(connection, now)
    return max(expires_at - _EXPIRY_MARGIN_MS, refresh_at) <= now
