"""What a token endpoint answers: tokens (RFC 6749, section 5.1) or a refusal (section 5.2). None of it is believed
further than it has to be, and none of it is quoted."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeGuard

import structlog
from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import read_lifetime_s
from dcvd.core.secret import REDACTED, Secret
from dcvd.core.text import make_printable
from dcvd.errors import Permanent, Unauthorized
from dcvd.kit.http.fetch import FetchFailed, FetchResponse
from dcvd.kit.http.json_body import read_json_object

log = structlog.get_logger(__name__)

_MAX_SHOWN: Final = 200
_MAX_SCOPES: Final = 100
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{24,}")
"""What may be a token that the server quotes, and no word."""
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
_OPERATOR_ERRORS: Final = {
    "invalid_request": "it takes the request for malformed",
    "unauthorized_client": "our client may not do this there",
    "unsupported_grant_type": "our client may not do this there",
    "invalid_scope": "it does not know the scopes",
    "unsupported_token_type": "it revokes no tokens of this kind",
}
_TEMPORARY_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error"})


class TokenResponse(Struct, frozen=True, kw_only=True):
    """What a token endpoint gave. expires_in: seconds, None where it did not say. scopes: None likewise."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None


class TokenResponseLost(FetchFailed):
    """No answer that could be used. `may_have_arrived`: the request may have been done all the same."""

    def __init__(self, message: str, *, may_have_arrived: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message, may_have_arrived=may_have_arrived)
        self.retry_after_s = retry_after_s


def read_token_response(provider: Provider, fetched: FetchResponse) -> TokenResponse:
    """The tokens in an answer of 200. Raises TokenAnswerLost for no JSON, Permanent (`bad_token_answer`)."""
    answer = _read_answer(fetched)
    if answer is None:
        raise TokenResponseLost(
            f"The token endpoint of {provider.value} answered 200 without JSON.", may_have_arrived=True
        )
    kind = answer.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _bad_response(provider, "tokens that are not of the type bearer")
    access, refresh = answer.get("access_token"), answer.get("refresh_token") or None
    if not _is_token(access):
        raise _bad_response(provider, "no access token that can be sent")
    if refresh is not None and not _is_token(refresh):
        raise _bad_response(provider, "a refresh token that cannot be sent")
    return TokenResponse(
        access_token=Secret(access),
        refresh_token=None if refresh is None else Secret(refresh),
        expires_in=read_lifetime_s(answer.get("expires_in")),
        scopes=_read_scopes(provider, answer.get("scope")),
    )


def _read_answer(fetched: FetchResponse) -> dict[str, Any] | None:
    """The body, if it says that it is JSON, and is an object."""
    media_type = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return None
    return read_json_object(fetched.body)


def raise_refusal(provider: Provider, what: str, fetched: FetchResponse, secrets: Iterable[Secret]) -> NoReturn:
    """Raise what a status other than 200 means: Unauthorized, Permanent or TokenAnswerLost.

    what: the request, such as "the code". secrets: what is hidden if the server quotes it in the line that is logged.
    """
    answer = _read_answer(fetched) or {}
    code = answer.get("error")
    code = code if isinstance(code, str) else ""
    log.warning(
        "oauth.refused",
        provider=provider.value,
        what=what,
        status=fetched.status,
        error=_redact(code, secrets),
        description=_redact(answer.get("error_description"), secrets),
    )
    raise _to_error(provider, what, fetched, code)


def _to_error(
    provider: Provider, what: str, fetched: FetchResponse, code: str
) -> Unauthorized | Permanent | TokenResponseLost:
    who, status = f"The authorization server of {provider.value}", fetched.status
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500 or code in _TEMPORARY_ERRORS:
        return TokenResponseLost(
            f"{who} could not take {what} now (status {status}).",
            may_have_arrived=status != HTTPStatus.TOO_MANY_REQUESTS,
            retry_after_s=_parse_seconds(fetched.headers.get("retry-after")),
        )
    if code == "invalid_grant":
        return Unauthorized(f"{who} does not accept {what}: it is used, expired, revoked or another's.", code=code)
    if code == "invalid_client" or (not code and status == HTTPStatus.UNAUTHORIZED):
        section = f"oauth.{provider.value}"
        return Unauthorized(
            f"{who} does not know our client: the operator of dcvd has to check {section}.client_id, "
            f"{section}.client_secret_file and {section}.auth_method.",
            code="invalid_client",
        )
    if 300 <= status < 400:
        return Permanent(
            f"{who} redirects {what} elsewhere, which is not followed: the operator of dcvd has to check "
            f"oauth.{provider.value}.token_url.",
            code="bad_token_answer",
            http_status=status,
        )
    reason = _OPERATOR_ERRORS.get(code)
    return Permanent(
        f"{who} refuses {what} with status {status}" + (f": {reason}." if reason else "."),
        code=code if reason else "token_refused",
        http_status=status,
    )


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can stand in a header (RFC 6750, section 2.1)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _read_scopes(provider: Provider, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    scopes = value.split() if isinstance(value, str) else [""]
    if len(scopes) > _MAX_SCOPES or not all(map(_SCOPE.fullmatch, scopes)):
        raise _bad_response(provider, "scopes that are none")
    return tuple(scopes)


def _redact(text: object, secrets: Iterable[Secret]) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    for secret in secrets:
        text = text.replace(secret.reveal(), REDACTED)
    return _OPAQUE.sub(REDACTED, make_printable(text))[:_MAX_SHOWN]


def _parse_seconds(text: str | None) -> float | None:
    stripped = (text or "").strip()
    return min(float(stripped[:9]), 3600.0) if stripped.isascii() and stripped.isdecimal() else None


def _bad_response(provider: Provider, what: str) -> Permanent:
    return Permanent(
        f"The token endpoint of {provider.value} answered with {what}, so nothing of it is kept.",
        code="bad_token_answer",
    )
