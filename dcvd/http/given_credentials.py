"""Credentials as a tenant sends them: their form is checked, and no answer quotes them."""

import re
from typing import Annotated, Any, Final, TypeVar, assert_never

from msgspec import Meta, Struct

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, AwsKeys, AwsRole, Credentials, KeyPair, TsigKey
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.bodies.body import convert
from dcvd.providers.route53.roles import account_of

T = TypeVar("T", bound=Struct)

_HEADER_WORD: Final = re.compile(r"[\x21-\x7e]{1,1024}")
"""A text that can stand in a header."""
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{16,128}")
_HOST_FORM: Final = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,255}")
_DNS_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,1024}={0,2}")
_CREDENTIALS_FIELD: Final = "credentials"

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


class _CloudflareCredentials(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    api_token: str


class _GodaddyCredentials(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    token: str | None = None
    key: str | None = None
    secret: str | None = None


class _Route53Credentials(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    role_arn: str | None = None
    external_id: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


class _OtherCredentials(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    server: str
    port: int = 53
    zone: str
    key_name: str
    algorithm: str = "hmac-sha256"
    secret: str


def read_credentials(provider: Provider, members: dict[str, Any]) -> Credentials:
    """Read a provider's credentials from a JSON object. Raises InvalidInput naming the member at fault."""
    try:
        match provider:
            case Provider.CLOUDFLARE:
                return ApiToken(token=_read_secret("apiToken", _read(members, _CloudflareCredentials).api_token))
            case Provider.GODADDY:
                return _read_godaddy(_read(members, _GodaddyCredentials))
            case Provider.ROUTE53:
                return _read_route53(_read(members, _Route53Credentials))
            case Provider.OTHER:
                return _read_other(_read(members, _OtherCredentials))
            case _:
                assert_never(provider)
    except InvalidInput as error:
        field = error.field if error.field.startswith(_CREDENTIALS_FIELD) else f"{_CREDENTIALS_FIELD}.{error.field}"
        raise InvalidInput(field, error.said, code=error.code) from None


def _read(members: dict[str, Any], struct_type: type[T]) -> T:
    known = struct_type.__struct_encode_fields__
    if not members.keys() <= set(known):
        # The message does not quote the name: somebody may have put the secret there.
        raise InvalidInput(
            _CREDENTIALS_FIELD,
            word("credentials_member_unknown", known=", ".join(known)),
            code="unknown_field",
        )
    return convert(members, struct_type, subject=_CREDENTIALS_FIELD)


def _read_godaddy(members: _GodaddyCredentials) -> Credentials:
    match members:
        case _GodaddyCredentials(token=str(token), key=None, secret=None):
            return ApiToken(token=_read_secret("token", token))
        case _GodaddyCredentials(token=None, key=str(key), secret=str(secret)):
            if ":" in key:
                raise InvalidInput("key", word("key_with_colon"))
            return KeyPair(
                key=_check_form("key", key, _HEADER_WORD, "expected_word"),
                secret=_read_secret("secret", secret),
            )
        case _:
            raise InvalidInput("token", word("token_missing"))


def _read_route53(members: _Route53Credentials) -> Credentials:
    match members:
        case _Route53Credentials(
            role_arn=str(arn), external_id=str(external), access_key_id=None, secret_access_key=None
        ):
            account_of(arn)  # raises where it is not the ARN of a role
            return AwsRole(
                role_arn=arn,
                external_id=_check_form("externalId", external, _HEADER_WORD, "expected_external_id"),
            )
        case _Route53Credentials(
            role_arn=None, external_id=None, access_key_id=str(key_id), secret_access_key=str(secret)
        ):
            return AwsKeys(
                access_key_id=_check_form("accessKeyId", key_id, _KEY_ID, "expected_key_id"),
                secret_access_key=_read_secret("secretAccessKey", secret),
            )
        case _:
            raise InvalidInput("roleArn", word("role_arn_missing"))


def _read_other(members: _OtherCredentials) -> Credentials:
    if not 1 <= members.port <= 65535:
        raise InvalidInput("port", word("port_beyond", port=members.port))
    return TsigKey(
        server=_check_form("server", members.server, _HOST_FORM, "expected_host"),
        port=members.port,
        zone=_read_dns_name("zone", members.zone),
        key_name=_read_dns_name("keyName", members.key_name),
        algorithm=_check_form("algorithm", members.algorithm, _DNS_NAME, "expected_algorithm")
        .lower()
        .removesuffix("."),
        secret=Secret(_check_form("secret", members.secret, _BASE64, "expected_base64")),
    )


def _read_secret(field: str, value: str) -> Secret:
    return Secret(_check_form(field, value, _HEADER_WORD, "expected_word"))


def _read_dns_name(field: str, value: str) -> str:
    if len(value.removesuffix(".")) > MAX_NAME_CHARS:
        raise InvalidInput(field, word("dns_name_too_long", field=field))
    return _check_form(field, value, _DNS_NAME, "expected_dns_name").lower().removesuffix(".")


def _check_form(field: str, value: str, form: re.Pattern[str], expected: str) -> str:
    """Return the value if it has the form; `expected` is the id of the words for that.

    The error does not quote the value: it may be a secret in the wrong place.
    """
    if form.fullmatch(value) is None:
        raise InvalidInput(field, word("value_of_other_form", field=field, expected=say(expected)))
    return value
