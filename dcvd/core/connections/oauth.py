"""The parts of an OAuth 2.0 client that need no network.

They cover the code grant (RFC 6749, section 4.1) with PKCE by S256 (RFC 7636), the issuer in the authorization response
(RFC 9207), and the requirements of RFC 9700.
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
"""How long a customer may take to give their consent."""

_MAX_VALUE_CHARS: Final = 4096
_MAX_QUERY_CHARS: Final = 16 * 1024
_MAX_PARAMETERS: Final = 32
_REFRESH_MARGIN_MS: Final = 5 * MINUTE
_MIN_REFRESH_INTERVAL_MS: Final = 5 * MINUTE
_MAX_LIFETIME_S: Final = 366 * DAY // SECOND
_OFFLINE_SCOPE: Final = "offline_access"
_WRITE_SCOPES: Final = {Provider.CLOUDFLARE: "dns.write"}
"""For providers where a customer may decline single scopes: the scope without which no record can be written."""

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
    """The authorization server's answer through the browser: a code or an error (RFC 6749, section 4.1.2)."""

    state: str
    code: Secret | None = None
    error: str | None = None
    issuer: str | None = None


def new_state(random: RandomBytes) -> Secret:
    """Return a new state: 256 random bits as 43 characters of base64url."""
    return Secret(_encode_base64url(random(32)))


def hash_state(state: str) -> bytes:
    """Return the SHA-256 of a state, which suffices because a state is random: no dictionary holds it."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()


def new_code_verifier(random: RandomBytes) -> Secret:
    """Return a new PKCE code verifier of 43 characters (RFC 7636, section 4.1)."""
    return Secret(_encode_base64url(random(32)))


def code_challenge(verifier: Secret) -> str:
    """Return the verifier's S256 code challenge (RFC 7636, section 4.2)."""
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
    """Return the URL where the customer consents; a query of `endpoint` is kept (RFC 6749, section 3.1).

    extra_parameters: the provider's own parameters, beside those of OAuth.
    """
    parameters = {**extra_parameters, "response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri}
    if scopes:
        parameters["scope"] = " ".join(scopes)
    parameters |= {"state": state.reveal(), "code_challenge": code_challenge(verifier), "code_challenge_method": "S256"}
    return add_query(endpoint, parameters)


def add_query(url: str, parameters: Mapping[str, str]) -> str:
    """Append parameters to the query of a URL that has no fragment."""
    separator = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode(parameters, quote_via=quote, safe='')}"


def read_authorization_response(query: str) -> AuthorizationResponse:
    """Read the query of a redirect URI. Raises ValueError with the rest of a sentence that begins with "it".

    A repeated parameter is refused (RFC 6749, section 3.1), because some readers take the first and some the last.
    """
    if len(query) > _MAX_QUERY_CHARS:
        raise ValueError("is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError:  # not chained: the cause may quote the query, which holds the code
        raise ValueError("cannot be read as a query") from None
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name not in ("state", "code", "error", "iss"):
            continue
        if name in parameters:
            raise ValueError(f"has {name} twice")
        if len(value) > _MAX_VALUE_CHARS:
            raise ValueError(f"has {name} with more than {_MAX_VALUE_CHARS} characters")
        parameters[name] = value
    if not parameters.get("state"):
        raise ValueError("has no state")
    code, error = parameters.get("code"), parameters.get("error")
    if not code and not error:
        raise ValueError("has neither code nor error")
    return AuthorizationResponse(
        state=parameters["state"],
        code=Secret(code) if code and not error else None,
        error=to_known_error(error) if error else None,
        issuer=parameters.get("iss"),
    )


def to_known_error(code: str) -> str:
    """Return an error code that the RFCs define, or `authorization_failed`, so that no other text is passed on."""
    return code if code in _KNOWN_ERRORS else "authorization_failed"


def is_wrong_issuer(expected_issuer: str | None, returned_issuer: str | None, *, is_required: bool) -> bool:
    """Whether a response may come from another server than the one that was asked (RFC 9207, section 2.4).

    expected_issuer: None where the server's issuer is not known, so that nothing can be compared. is_required: whether
    the server announces that each of its responses names the issuer.
    """
    if returned_issuer is None:
        return is_required
    return expected_issuer is not None and returned_issuer != expected_issuer


def read_granted_scopes(requested_scopes: Sequence[str], returned_scopes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the granted scopes, which are the requested ones if the server names none (RFC 6749, section 5.1)."""
    return tuple(requested_scopes if returned_scopes is None else returned_scopes)


def find_missing_scopes(
    provider: Provider, requested_scopes: Sequence[str], granted_scopes: Sequence[str]
) -> list[str]:
    """Return the needed scopes that were requested and not granted. Scopes are compared as they are written.

    `offline_access` is never missing: customers may decline it, and some servers grant it without naming it.
    """
    write_scope = _WRITE_SCOPES.get(provider)
    needed = (
        [write_scope]
        if write_scope is not None and write_scope in requested_scopes
        else [scope for scope in requested_scopes if scope != _OFFLINE_SCOPE]
    )
    return [scope for scope in needed if scope not in granted_scopes]


def read_lifetime_s(expires_in: object) -> int | None:
    """Read an `expires_in`, limited to between a second and a year; None where it is no number above zero.

    Some servers write the number as text, and some mean by zero that they do not say.
    """
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdecimal():
        expires_in = int(expires_in[:18])
    if not isinstance(expires_in, int | float) or isinstance(expires_in, bool) or not expires_in > 0:
        return None
    return int(min(max(expires_in, 1), _MAX_LIFETIME_S))


def choose_refresh_at(now: int, expires_at: int) -> int:
    """Return when a token issued now is to be refreshed: at 80 % of its life, but at least 5 minutes before its expiry.

    A token that lives less than 10 minutes is refreshed after 5 minutes all the same, or before, when a call needs it;
    otherwise it would be refreshed all the time. All instants are in milliseconds.
    """
    life = max(expires_at - now, 0)
    return now + max(life - max(life // 5, _REFRESH_MARGIN_MS), _MIN_REFRESH_INTERVAL_MS)


def _encode_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
