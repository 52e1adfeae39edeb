"""The client's side of OAuth 2.0, as far as it needs no network.

The code grant (RFC 6749, section 4.1) with PKCE by S256 (RFC 7636), the issuer in the answer (RFC 9207), and what
RFC 9700 asks of both.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import DAY, MINUTE, SECOND
from dcvd.core.secret import Secret

STATE_LIFETIME_MS: Final = 10 * MINUTE
"""How long a customer has for his consent."""

_LONGEST_VALUE: Final = 4096
_LONGEST_QUERY: Final = 16 * 1024
_MOST_PARAMETERS: Final = 32
_REFRESH_MARGIN_MS: Final = 5 * MINUTE
_LONGEST_LIFETIME_S: Final = 366 * DAY // SECOND
_OFFLINE_SCOPE: Final = "offline_access"
_WRITE_SCOPES: Final = {Provider.CLOUDFLARE: "dns.write"}
"""Where a customer may decline single scopes: the one without which nothing can be written."""

_KNOWN_ERRORS: Final = frozenset(
    {
        # RFC 6749, section 4.1.2.1
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        # OpenID Connect Core, section 3.1.2.6
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
    }
)


class AuthorizationResponse(Struct, frozen=True, kw_only=True):
    """What an authorization server sent back through the browser: a code, or an error (RFC 6749, section 4.1.2)."""

    state: str
    code: Secret | None = None
    error: str | None = None
    issuer: str | None = None


def new_state(random: RandomBytes) -> Secret:
    """256 random bits as 43 characters of base64url."""
    return Secret(_encode_base64url(random(32)))


def hash_state(state: str) -> bytes:
    """SHA-256; enough for what is random and no dictionary holds."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()


def new_code_verifier(random: RandomBytes) -> Secret:
    """A PKCE code verifier of 43 characters (RFC 7636, section 4.1)."""
    return Secret(_encode_base64url(random(32)))


def code_challenge(verifier: Secret) -> str:
    """The verifier's S256 code challenge (RFC 7636, section 4.2)."""
    return _encode_base64url(hashlib.sha256(verifier.reveal().encode()).digest())


def authorization_url(
    endpoint: str,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: Secret,
    verifier: Secret,
    extra_parameters: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Where the customer consents. What `endpoint` has for a query stays (RFC 6749, section 3.1).

    extra_parameters: parameters that are not OAuth's.
    """
    parameters = {**extra_parameters, "response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri}
    if scopes:
        parameters["scope"] = " ".join(scopes)
    parameters |= {"state": state.reveal(), "code_challenge": code_challenge(verifier), "code_challenge_method": "S256"}
    return add_query(endpoint, parameters)


def add_query(url: str, parameters: Mapping[str, str]) -> str:
    """A URL without a fragment, with parameters after those that it has."""
    between = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{between}{urlencode(parameters, quote_via=quote, safe='')}"


def read_authorization_response(query: str) -> AuthorizationResponse:
    """What the query of a redirect URI says. Raises ValueError, with the end of a sentence that begins with "it".

    A parameter that is there twice is refused (RFC 6749, section 3.1): who reads the first and who the last would
    differ.
    """
    if len(query) > _LONGEST_QUERY:
        raise ValueError("is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # not chained: it may quote the query, in which the code is
        raise ValueError("cannot be read as a query") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in ("state", "code", "error", "iss"):
            continue
        if name in given:
            raise ValueError(f"has {name} twice")
        if len(value) > _LONGEST_VALUE:
            raise ValueError(f"has {name} with more than {_LONGEST_VALUE} characters")
        given[name] = value
    if not given.get("state"):
        raise ValueError("has no state")
    code, error = given.get("code"), given.get("error")
    if not code and not error:
        raise ValueError("has neither code nor error")
    return AuthorizationResponse(
        state=given["state"],
        code=Secret(code) if code and not error else None,
        error=to_known_error(error) if error else None,
        issuer=given.get("iss"),
    )


def to_known_error(code: str) -> str:
    """An error code that the RFCs know, or `authorization_failed`: nobody else's text gets any further."""
    return code if code in _KNOWN_ERRORS else "authorization_failed"


def is_wrong_issuer(expected_issuer: str | None, returned_issuer: str | None, *, is_required: bool) -> bool:
    """Whether an answer may be another server's than the one that was asked (RFC 9207, section 2.4).

    expected_issuer: None where the server's issuer is not known, and nothing can be compared. is_required: the server
    announces that it names itself in each answer.
    """
    if returned_issuer is None:
        return is_required
    return expected_issuer is not None and returned_issuer != expected_issuer


def read_granted_scopes(requested_scopes: Sequence[str], returned_scopes: Sequence[str] | None) -> tuple[str, ...]:
    """What was granted: as asked where the server does not say (RFC 6749, section 5.1)."""
    return tuple(requested_scopes if returned_scopes is None else returned_scopes)


def find_missing_scopes(
    provider: Provider, requested_scopes: Sequence[str], granted_scopes: Sequence[str]
) -> list[str]:
    """What was asked for, is needed and was not granted. Scopes are compared as they are written.

    A refresh token may be declined, or come without being named.
    """
    least = _WRITE_SCOPES.get(provider)
    needed = (
        [least]
        if least is not None and least in requested_scopes
        else [scope for scope in requested_scopes if scope != _OFFLINE_SCOPE]
    )
    return [scope for scope in needed if scope not in granted_scopes]


def read_lifetime_s(expires_in: object) -> int | None:
    """What an `expires_in` says, within a second and a year; None for what says nothing.

    Some servers write the number as text.
    """
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdecimal():
        expires_in = int(expires_in[:18])
    if not isinstance(expires_in, int | float) or isinstance(expires_in, bool):
        return None
    return int(min(max(expires_in, 1), _LONGEST_LIFETIME_S))


def choose_refresh_at(now: int, expires_at: int) -> int:
    """When a token that came now is to be refreshed: at 80 % of its life, but at least 5 minutes before its end.

    One that lives less than 10 minutes is refreshed after half its life, or it would be always. All in milliseconds.
    """
    life = max(expires_at - now, 0)
    return now + life - min(max(life // 5, _REFRESH_MARGIN_MS), life // 2)


def _encode_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
