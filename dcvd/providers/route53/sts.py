"""Call the Security Token Service (API version 2011-06-15)."""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from dcvd.core.instants import from_rfc3339
from dcvd.core.secret import Secret
from dcvd.errors import Retryable
from dcvd.providers.route53.calls import AwsCall, AwsClient
from dcvd.providers.route53.sigv4 import CredentialScope, SigningKeys
from dcvd.providers.route53.xml import Element

SESSION_DURATION_S: Final = 900
"""Seconds that an assumed role lasts, the least that AWS allows: a customer may withdraw their trust at any time."""

_VERSION: Final = "2011-06-15"
_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_REGIONAL_HOST: Final = re.compile(r"sts(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}", re.ASCII)


class CallerIdentity(Struct, frozen=True, kw_only=True):
    """The owner of keys: the twelve digits of the account, and the ARN of the user or session."""

    account: str
    arn: str


class TemporaryKeys(Struct, frozen=True, kw_only=True):
    """The keys of an assumed role; `expires_at` in milliseconds."""

    keys: SigningKeys
    expires_at: int


async def get_caller_identity(client: AwsClient, url: str, keys: SigningKeys) -> CallerIdentity:
    """Return the owner of the keys, which needs no permission. Raises the same errors as `AwsClient.send`."""
    root = await client.send(keys.access_key_id, keys, _build_call(url, "GetCallerIdentity", {}))
    result = root.find("GetCallerIdentityResult") or Element("")
    account, arn = result.find_text("Account"), result.find_text("Arn")
    if re.fullmatch(r"\d{12}", account, re.ASCII) is None or re.fullmatch(r"arn:[\x21-\x7e]{1,2000}", arn) is None:
        raise _unexpected_answer("GetCallerIdentity")
    return CallerIdentity(account=account, arn=arn)


async def assume_role(
    client: AwsClient, url: str, keys: SigningKeys, *, role_arn: str, session_name: str, external_id: str | None
) -> TemporaryKeys:
    """Return temporary keys of a role.

    Raises the same errors as `AwsClient.send`: Permanent with the code `permission_missing` if the role refuses us.
    """
    parameters = {"RoleArn": role_arn, "RoleSessionName": session_name, "DurationSeconds": str(SESSION_DURATION_S)}
    if external_id is not None:
        parameters["ExternalId"] = external_id
    root = await client.send(keys.access_key_id, keys, _build_call(url, "AssumeRole", parameters))
    credentials = root.find("AssumeRoleResult", "Credentials") or Element("")
    texts = [credentials.find_text(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    try:
        expires_at = from_rfc3339(credentials.find_text("Expiration"))
    except ValueError:
        expires_at = 0
    # The texts have to fit into headers.
    if not expires_at or any(_TOKEN.fullmatch(text) is None for text in texts):
        raise _unexpected_answer("AssumeRole")
    access_key_id, secret, token = texts
    return TemporaryKeys(
        keys=SigningKeys(access_key_id=access_key_id, secret_access_key=Secret(secret), session_token=Secret(token)),
        expires_at=expires_at,
    )


def _build_call(url: str, action: str, parameters: dict[str, str]) -> AwsCall:
    body = urlencode({"Action": action, "Version": _VERSION, **parameters}).encode()
    return AwsCall(
        action=f"sts:{action}", method="POST", url=f"{url}/", scope=read_scope(url), body=body, content_type=_FORM
    )


def read_scope(url: str) -> CredentialScope:
    """Return the scope to sign for: us-east-1 for the global endpoint, else the region of the endpoint."""
    match = _REGIONAL_HOST.fullmatch(urlsplit(url).hostname or "")
    return CredentialScope("us-east-1" if match is None else match[1], "sts")


def _unexpected_answer(action: str) -> Retryable:
    return Retryable(f"AWS's answer to sts:{action} does not hold what it should.", code="provider_unavailable")
