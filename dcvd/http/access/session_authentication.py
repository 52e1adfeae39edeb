"""Authentication of browsers: by the secret of their session, in a cookie that is read for pages alone."""

from typing import Final

from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from dcvd.core.links import is_link_token
from dcvd.core.sessions import derive_csrf_token, is_csrf_token
from dcvd.errors import InvalidInput, Unauthenticated
from dcvd.http.access.authentication import (
    PRESENTED_SESSION,
    PRESENTED_TOKEN,
    AsgiConnection,
    admit_caller,
    authorize_caller,
    find_admitted_caller,
    get_services,
    identify_bearer,
)
from dcvd.http.access.authorization import READ_METHODS
from dcvd.http.access.same_origin import build_csrf_refusal, check_same_origin
from dcvd.http.access.session_cookie import read_session_secret
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest

CSRF_FIELD: Final = "csrf_token"
"""The field of forms that holds what shows that a write comes from a page of the session."""
CSRF_HEADER: Final = "X-CSRF-Token"
"""The header that holds the same, where a script sends it."""


class SignInNeeded(Unauthenticated):
    """There is no session, or it has ended: people are led to where they sign in."""


async def authenticate_session(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the pages of the dashboard, whose routes have the `opt` of tenants' routes.

    Raises SignInNeeded, Forbidden, TooManyRequests, and NotFound for what the caller may not know of.
    """
    assert isinstance(connection, ApiRequest), "the application makes requests of this class"
    scope, config = connection.scope, get_services(connection.scope).context.config
    if scope["method"] == "OPTIONS":
        return
    is_write = scope["method"] not in READ_METHODS
    if is_write:
        check_same_origin(scope, config.server.public_url)
    secret = read_session_secret(config, scope)
    if secret is None:
        raise SignInNeeded("Sign in first.")
    scope["state"][PRESENTED_SESSION] = secret
    try:
        caller = await find_admitted_caller(scope)
    except Unauthenticated as error:
        # It counts against nobody: nobody guesses 256 bits, and browsers go on to send what has ended.
        raise SignInNeeded("Your session has ended: sign in again.") from error
    await admit_caller(connection, caller)
    if is_write:
        await _check_csrf_token(connection, secret)
    await authorize_caller(connection, handler, caller)


async def authenticate_shown_token(request: ApiRequest, token: str) -> None:
    """Authenticate a browser in which somebody typed a token, as the API does. Links let nobody sign in.

    Raises Unauthenticated, Forbidden, TooManyRequests.
    """
    request.scope["state"][PRESENTED_TOKEN] = "" if is_link_token(token) else token
    await admit_caller(request, await identify_bearer(request.scope))


def read_csrf_token(scope: Scope) -> str:
    """Return what the pages of the request's session have to send with each write."""
    return derive_csrf_token(scope["state"][PRESENTED_SESSION])


async def _check_csrf_token(request: ApiRequest, secret: str) -> None:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None:
        try:
            sent = (await read_form(request)).get(CSRF_FIELD, "")
        except InvalidInput as error:
            raise build_csrf_refusal() from error
    if not is_csrf_token(sent, secret):
        raise build_csrf_refusal()
