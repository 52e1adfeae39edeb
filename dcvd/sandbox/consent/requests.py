"""Read and check authorization requests (RFC 6749 §4.1.1, RFC 7636 §4.3). Pure."""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from yarl import URL

from dcvd.core.addresses import is_loopback
from dcvd.errors import DcvdError
from dcvd.sandbox.customers.tokens import Permission
from dcvd.sandbox.settings import SandboxSettings

PERMISSIONS: Final[tuple[Permission, ...]] = ("zone.read", "dns.read", "dns.write")
OFFLINE_ACCESS: Final = "offline_access"
SCOPES: Final = (*PERMISSIONS, OFFLINE_ACCESS)

OauthError = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unsupported_grant_type",
    "unsupported_response_type",
    "access_denied",
]
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request, which may be shown to a customer."""

    redirect_uri: str
    state: str
    challenge: str
    scopes: tuple[str, ...]

    def build_redirect(self, **parameters: str) -> str:
        """Return where the browser goes with an answer."""
        return str(URL(self.redirect_uri).update_query({**parameters, "state": self.state}))


class OauthRefusal(DcvdError):
    """A refusal with an `error` of RFC 6749; `redirect_url` is where the browser goes with it, None if nowhere."""

    code = "oauth_refusal"

    def __init__(self, error: OauthError, message: str, *, redirect_url: str | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.redirect_url = redirect_url


def read_request(query: Mapping[str, str], settings: SandboxSettings) -> AuthorizationRequest:
    """Read the parameters of an authorization request. Raises OauthRefusal."""
    if query.get("client_id") != settings.oauth_client_id:
        raise OauthRefusal("invalid_client", f"There is one client here, {settings.oauth_client_id}.")
    redirect_uri = query.get("redirect_uri", "")
    if not any(_is_registered(redirect_uri, registered) for registered in settings.oauth_redirect_uris):
        registered = ", ".join(settings.oauth_redirect_uris)
        raise OauthRefusal("invalid_request", f"The redirect_uri {redirect_uri!r} is not registered: {registered}.")
    request = AuthorizationRequest(
        redirect_uri=redirect_uri,
        state=query.get("state", ""),
        challenge=query.get("code_challenge", ""),
        scopes=tuple(dict.fromkeys(query.get("scope", "").split())),
    )

    def refusal(error: OauthError, message: str) -> OauthRefusal:
        return OauthRefusal(error, message, redirect_url=request.build_redirect(error=error, error_description=message))

    if query.get("response_type") != "code":
        raise refusal("unsupported_response_type", "The response_type is code.")
    if len(request.state) < 8:
        raise refusal("invalid_request", "The state is missing, or shorter than 8 characters.")
    if query.get("code_challenge_method") != "S256" or _CHALLENGE.fullmatch(request.challenge) is None:
        raise refusal("invalid_request", "PKCE is required: a code_challenge of the method S256.")
    if not request.scopes or not set(request.scopes) <= set(SCOPES):
        raise refusal("invalid_scope", f"The scopes are {', '.join(SCOPES)}.")
    return request


def _is_registered(redirect_uri: str, registered: str) -> bool:
    if redirect_uri == registered:
        return True
    try:
        ours, theirs = URL(registered), URL(redirect_uri)
        port = theirs.port
    except ValueError:
        return False
    if ours.scheme != "http" or ours.host is None or not is_loopback(ours.host) or port is None:
        return False
    return str(ours.with_port(port)) == redirect_uri
