"""Connections: the right to write records at a customer's DNS provider."""

from enum import StrEnum

from msgspec import Struct


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
