"""What a connection authenticates with, in the forms that providers know; secret parts are `Secret`."""

from typing import Any, Final, assert_never

import msgspec
from msgspec import Struct

from dcvd.core.connections.connection import ConnectionMethod
from dcvd.core.secret import Secret


class OauthTokens(Struct, frozen=True, kw_only=True, tag="oauth", rename="camel"):
    """Bearer tokens (RFC 6750); without a refresh token the connection ends with its access token."""

    access_token: Secret
    refresh_token: Secret | None = None


class ApiToken(Struct, frozen=True, kw_only=True, tag="api_token", rename="camel"):
    """A token that its owner made by hand: an API token of Cloudflare's, a personal access token of GoDaddy's."""

    token: Secret


class KeyPair(Struct, frozen=True, kw_only=True, tag="key_pair", rename="camel"):
    """GoDaddy's `sso-key`."""

    key: str
    secret: Secret


class AwsRole(Struct, frozen=True, kw_only=True, tag="aws_role", rename="camel"):
    """A role of the customer's that trusts us with this ExternalId, which is ours and no secret."""

    role_arn: str
    external_id: str


class AwsKeys(Struct, frozen=True, kw_only=True, tag="aws_keys", rename="camel"):
    """Access keys of the customer's."""

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
    """By what a connection with these credentials was made."""
    match credentials:
        case OauthTokens():
            return ConnectionMethod.OAUTH
        case ApiToken():
            return ConnectionMethod.API_TOKEN
        case KeyPair():
            return ConnectionMethod.KEY_PAIR
        case AwsRole():
            return ConnectionMethod.AWS_ROLE
        case AwsKeys():
            return ConnectionMethod.AWS_KEYS
        case TsigKey():
            return ConnectionMethod.TSIG
        case _:
            assert_never(credentials)


def encode(credentials: Credentials) -> Secret:
    """The text to be sealed."""
    return Secret(msgspec.json.encode(credentials, enc_hook=_encode_secret).decode())


def decode(text: Secret) -> Credentials:
    """What `encode` made. Raises msgspec.ValidationError."""
    return _DECODER.decode(text.reveal())


def _encode_secret(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


def _decode_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"nothing of {kind.__name__}")


_DECODER: Final[msgspec.json.Decoder[Credentials]] = msgspec.json.Decoder(Credentials, dec_hook=_decode_secret)
