"""Read what a token endpoint answers: tokens (RFC 6749, section 5.1) or a refusal (section 5.2).

The text of an answer is trusted as little as possible, and no error message quotes it.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeGuard

import structlog
from msgspec import Struct

from dcvd.core.connections.oauth import read_lifetime_s
from dcvd.core.http.exchanges import is_temporary
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
"""Matches what may be a token that the server quotes, and is too long for a word."""
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
_OPERATOR_ERRORS: Final = {
    "invalid_request": "it takes the request for malformed",
    "unauthorized_client": "our client may not do this there",
    "unsupported_grant_type": "our client may not do this there",
    "invalid_scope": "it does not know the scopes",
    "unsupported_token_type": "it revokes no tokens of this kind",
}
_TEMPORARY_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error"})


class TokenServer(Struct, frozen=True):
    """A server that issues tokens. name: in messages; section: of the configuration, where our client there stands."""

    name: str
    section: str


class TokenResponse(Struct, frozen=True, kw_only=True):
    """The tokens that an endpoint issued. expires_in: seconds; None, as for scopes, if the endpoint does not say.

    id_token: the one of OpenID Connect, as it came; None where there is none.
    """

    access_token: Secret
    refresh_token: Secret | None = None
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    id_token: Secret | None = None


class TokenResponseLost(FetchFailed):
    """No usable answer came. `may_have_arrived`: the server may have carried out the request all the same."""

    def __init__(
        self, message: str, *, may_have_arrived: bool, retry_after_s: float | None = None, is_own_fault: bool = False
    ) -> None:
        super().__init__(message, may_have_arrived=may_have_arrived, is_own_fault=is_own_fault)
        self.retry_after_s = retry_after_s


def read_token_response(server: TokenServer, fetched: FetchResponse) -> TokenResponse:
    """Return the tokens of an answer with status 200.

    Raises TokenResponseLost for an answer without JSON, Permanent (`bad_token_answer`) for tokens that cannot be used.
    """
    document = _read_answer(fetched)
    if document is None:
        raise TokenResponseLost(
            f"The token endpoint of {server.name} answered 200 without JSON.", may_have_arrived=True
        )
    kind = document.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _bad_response(server, "tokens that are not of the type bearer")
    access, refresh = document.get("access_token"), document.get("refresh_token") or None
    if not _is_token(access):
        raise _bad_response(server, "no access token that can be sent")
    if refresh is not None and not _is_token(refresh):
        raise _bad_response(server, "a refresh token that cannot be sent")
    return TokenResponse(
        access_token=Secret(access),
        refresh_token=None if refresh is None else Secret(refresh),
        expires_in=read_lifetime_s(document.get("expires_in")),
        scopes=_read_scopes(server, document.get("scope")),
        id_token=_read_id_token(document.get("id_token")),
    )


def _read_answer(fetched: FetchResponse) -> dict[str, Any] | None:
    """Return the body if its media type is JSON and it holds an object, else None."""
    media_type = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return None
    return read_json_object(fetched.body)


def raise_refusal(server: TokenServer, what: str, fetched: FetchResponse, secrets: Iterable[Secret]) -> NoReturn:
    """Raise the error for a status other than 200: Unauthorized, Permanent or TokenResponseLost.

    what: what the request sent, such as "the code". secrets: hidden in the log where the server quotes them.
    """
    document = _read_answer(fetched) or {}
    code = document.get("error")
    code = code if isinstance(code, str) else ""
    log.warning(
        "oauth.refused",
        provider=server.name,
        what=what,
        status=fetched.status,
        error=_redact(code, secrets),
        description=_redact(document.get("error_description"), secrets),
    )
    raise _to_error(server, what, fetched, code)


def _to_error(
    server: TokenServer, what: str, fetched: FetchResponse, code: str
) -> Unauthorized | Permanent | TokenResponseLost:
    who, status = f"The authorization server of {server.name}", fetched.status
    if is_temporary(status) or code in _TEMPORARY_ERRORS:
        return TokenResponseLost(
            f"{who} could not take {what} now (status {status}).",
            may_have_arrived=status != HTTPStatus.TOO_MANY_REQUESTS,
            retry_after_s=fetched.retry_after_s,
        )
    if code == "invalid_grant":
        return Unauthorized(f"{who} does not accept {what}: it is used, expired, revoked or another's.", code=code)
    if code == "invalid_client" or (not code and status == HTTPStatus.UNAUTHORIZED):
        section = server.section
        return Unauthorized(
            f"{who} does not know our client: the operator of dcvd has to check {section}.client_id, "
            f"{section}.client_secret_file and {section}.auth_method.",
            code="invalid_client",
        )
    if 300 <= status < 400:
        return Permanent(
            f"{who} redirects {what} elsewhere, which is not followed: the operator of dcvd has to check "
            f"{server.section}.",
            code="bad_token_answer",
            http_status=status,
        )
    reason = _OPERATOR_ERRORS.get(code)
    return Permanent(
        f"{who} refuses {what} with status {status}" + (f": {reason}." if reason else "."),
        code=code if reason else "token_refused",
        http_status=status,
    )


def _read_id_token(value: object) -> Secret | None:
    return Secret(value) if isinstance(value, str) and value else None


def _is_token(value: object) -> TypeGuard[str]:
    """Whether a value is a token that can stand in a header (RFC 6750, section 2.1)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _read_scopes(server: TokenServer, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    scopes = value.split() if isinstance(value, str) else [""]
    if len(scopes) > _MAX_SCOPES or not all(map(_SCOPE.fullmatch, scopes)):
        raise _bad_response(server, "scopes that are none")
    return tuple(scopes)


def _redact(text: object, secrets: Iterable[Secret]) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    for secret in secrets:
        text = text.replace(secret.reveal(), REDACTED)
    return _OPAQUE.sub(REDACTED, make_printable(text))[:_MAX_SHOWN]


def _bad_response(server: TokenServer, what: str) -> Permanent:
    return Permanent(
        f"The token endpoint of {server.name} answered with {what}, so nothing of it is kept.",
        code="bad_token_answer",
    )
