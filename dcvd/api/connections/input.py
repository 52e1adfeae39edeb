"""Credentials as a tenant gives them: checked for their form, and never quoted in what is answered."""

import re
from typing import Annotated, Any, Final, TypeVar, assert_never

from msgspec import Meta, Struct

from dcvd.api.http.body import converted
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, AwsKeys, AwsRole, Credentials, KeyPair, Tsig
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.providers.route53.roles import account_of

T = TypeVar("T", bound=Struct)

_WORD: Final = re.compile(r"[\x21-\x7e]{1,1024}")
"""What can stand in a header."""
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{16,128}")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,255}")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,1024}={0,2}")
_LONGEST_NAME: Final = 254
_FIELD: Final = "credentials"

GivenCredentials = Annotated[
    dict[str, Any],
    Meta(
        description=(
            'cloudflare: `{"apiToken"}`. godaddy: `{"token"}` (a personal access token) or `{"key", "secret"}`. '
            'route53: `{"roleArn", "externalId"}` (from `POST /api/oauth/aws/external-ids`) or `{"accessKeyId", '
            '"secretAccessKey"}`. other: `{"server", "port", "zone", "keyName", "algorithm", "secret"}`, for dynamic '
            "updates (RFC 2136) with a TSIG key, where `port` (53) and `algorithm` (hmac-sha256) may be left out."
        )
    ),
]


class _Cloudflare(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    api_token: str


class _Godaddy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    token: str | None = None
    key: str | None = None
    secret: str | None = None


class _Route53(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    role_arn: str | None = None
    external_id: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


class _Other(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    server: str
    port: int = 53
    zone: str
    key_name: str
    algorithm: str = "hmac-sha256"
    secret: str


def credentials_of(provider: Provider, given: dict[str, Any]) -> Credentials:
    """Raises InvalidInput naming the member at fault."""
    try:
        match provider:
            case Provider.CLOUDFLARE:
                return ApiToken(token=_secret("apiToken", _read(given, _Cloudflare).api_token))
            case Provider.GODADDY:
                return _godaddy(_read(given, _Godaddy))
            case Provider.ROUTE53:
                return _route53(_read(given, _Route53))
            case Provider.OTHER:
                return _other(_read(given, _Other))
            case _:
                assert_never(provider)
    except InvalidInput as error:
        field = error.field if error.field.startswith(_FIELD) else f"{_FIELD}.{error.field}"
        raise InvalidInput(field, error.message, code=error.code) from None


def _read(given: dict[str, Any], kind: type[T]) -> T:
    known = kind.__struct_encode_fields__
    if not given.keys() <= set(known):
        # The name is not said: somebody may have put the secret there.
        raise InvalidInput(
            _FIELD, f"A member of credentials is not expected; they are: {', '.join(known)}.", code="unknown_field"
        )
    return converted(given, kind, whole=_FIELD)


def _godaddy(given: _Godaddy) -> Credentials:
    match given:
        case _Godaddy(token=str(token), key=None, secret=None):
            return ApiToken(token=_secret("token", token))
        case _Godaddy(token=None, key=str(key), secret=str(secret)):
            if ":" in key:
                raise InvalidInput("key", "key has a colon, which would end it in the header.")
            return KeyPair(key=_fit("key", key, _WORD, "a word of ASCII characters"), secret=_secret("secret", secret))
        case _:
            raise InvalidInput("token", "token is missing: give token alone, or key and secret.")


def _route53(given: _Route53) -> Credentials:
    match given:
        case _Route53(role_arn=str(arn), external_id=str(external), access_key_id=None, secret_access_key=None):
            account_of(arn)
            return AwsRole(
                role_arn=arn,
                external_id=_fit("externalId", external, _WORD, "an ExternalId that dcvd gave"),
            )
        case _Route53(role_arn=None, external_id=None, access_key_id=str(key_id), secret_access_key=str(secret)):
            return AwsKeys(
                access_key_id=_fit("accessKeyId", key_id, _KEY_ID, "the id of an access key"),
                secret_access_key=_secret("secretAccessKey", secret),
            )
        case _:
            raise InvalidInput(
                "roleArn", "roleArn is missing: give roleArn and externalId, or accessKeyId and secretAccessKey."
            )


def _other(given: _Other) -> Credentials:
    if not 1 <= given.port <= 65535:
        raise InvalidInput("port", f"port is {given.port}; give a number from 1 to 65535.")
    return Tsig(
        server=_fit("server", given.server, _HOST, "a hostname or an IP address"),
        port=given.port,
        zone=_name("zone", given.zone),
        key_name=_name("keyName", given.key_name),
        algorithm=_fit("algorithm", given.algorithm, _NAME, "the name of an algorithm").lower().removesuffix("."),
        secret=Secret(_fit("secret", given.secret, _BASE64, "the key in base64")),
    )


def _secret(field: str, value: str) -> Secret:
    return Secret(_fit(field, value, _WORD, "a word of ASCII characters"))


def _name(field: str, value: str) -> str:
    if len(value) > _LONGEST_NAME:
        raise InvalidInput(field, f"{field} is longer than a name in DNS can be.")
    return _fit(field, value, _NAME, "a name in DNS").lower().removesuffix(".")


def _fit(field: str, value: str, form: re.Pattern[str], wanted: str) -> str:
    """The value if it has the form. What was given is not said: it may be a secret in the wrong place."""
    if form.fullmatch(value) is None:
        raise InvalidInput(field, f"{field} is not {wanted}.")
    return value
