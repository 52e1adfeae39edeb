"""Credentials of connections, one class for each type that providers know; secret parts are `Secret`."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from dcvd.core.connections.connection import ConnectionMethod
from dcvd.core.secret import Secret

TokenKind = Literal["access_token", "refresh_token"]
"""The kinds of OAuth token, as RFC 7009 names them."""


class OauthTokens(Struct, frozen=True, kw_only=True, tag="oauth", rename="camel"):
    """Bearer tokens (RFC 6750); without a refresh token the connection works until the access token expires."""

    access_token: Secret
    refresh_token: Secret | None = None


class ApiToken(Struct, frozen=True, kw_only=True, tag="api_token", rename="camel"):
    """A token that the owner created by hand: a Cloudflare API token or a GoDaddy personal access token."""

    token: Secret


class KeyPair(Struct, frozen=True, kw_only=True, tag="key_pair", rename="camel"):
    """A key and its secret, GoDaddy's `sso-key`."""

    key: str
    secret: Secret


class AwsRole(Struct, frozen=True, kw_only=True, tag="aws_role", rename="camel"):
    """An AWS role of the customer's that trusts us with this ExternalId, which we chose and which is no secret."""

    role_arn: str
    external_id: str


class AwsKeys(Struct, frozen=True, kw_only=True, tag="aws_keys", rename="camel"):
    """AWS access keys of the customer's."""

    access_key_id: str
    secret_access_key: Secret


class TsigKey(Struct, frozen=True, kw_only=True, tag="tsig", rename="camel"):
    """The key of a zone's primary server for dynamic updates (RFC 2136, RFC 8945).

    server: a host name or address. zone: the one zone that may be changed, lower case without the final dot.
    secret: base64.
    """

    server: str
    port: int = 53
    zone: str
    key_name: str
    algorithm: str = "hmac-sha256"
    secret: Secret


Credentials = OauthTokens | ApiToken | KeyPair | AwsRole | AwsKeys | TsigKey


def method_of(credentials: Credentials) -> ConnectionMethod:
    """Return how a connection with these credentials was set up, which the tag of their class says."""
    return ConnectionMethod(str(credentials.__struct_config__.tag))


def encode(credentials: Credentials) -> Secret:
    """Encode credentials as the text that the vault seals."""
    return Secret(msgspec.json.encode(credentials, enc_hook=_encode_secret).decode())


def decode(text: Secret) -> Credentials:
    """Decode what `encode` returned. Raises msgspec.ValidationError."""
    return _DECODER.decode(text.reveal())


def _encode_secret(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"{type(value).__name__} cannot be encoded as JSON")


def _decode_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"{kind.__name__} cannot be decoded from JSON")


_DECODER: Final[msgspec.json.Decoder[Credentials]] = msgspec.json.Decoder(Credentials, dec_hook=_decode_secret)
