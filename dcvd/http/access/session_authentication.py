"""Authentication of browsers: by the secret of their session, in a cookie that is read for pages alone.

Pages stand below three roots, each with its guard: those of an organization's own people, those of operators, and those
of an organization for operators who act for it.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.links import is_link_token
from dcvd.core.sessions import derive_csrf_token, is_csrf_token
from dcvd.errors import InvalidInput, NotFound, Unauthenticated
from dcvd.http.access.acting_operators import act_for
from dcvd.http.access.authentication import (
    BUILD_REFUSAL,
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
from dcvd.http.answers.problems import route_not_found
from dcvd.http.forms import read_form
from dcvd.http.limits.open_requests import OPEN_REQUEST, OpenRequest
from dcvd.http.request import ApiRequest

CSRF_FIELD: Final = "csrf_token"
"""The field of forms that holds what shows that a write comes from a page of the session."""
CSRF_HEADER: Final = "X-CSRF-Token"
"""The header that holds the same, where a script sends it."""


class SignInNeeded(Unauthenticated):
    """There is no session, or it has ended: people are led to where they sign in."""


class OperatorPagesNeeded(NotFound):
    """An operator came to the pages of an organization's own people, and is led to theirs."""


async def authenticate_session(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard pages for whoever is signed in, whose routes have the `opt` of tenants' routes.

    Raises SignInNeeded, Forbidden, TooManyRequests, and NotFound for what the caller may not know of.
    """
    await _authenticate(connection, handler, _admit_anybody)


async def authenticate_tenant_session(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the pages of an organization's own people; raises OperatorPagesNeeded, too."""
    await _authenticate(connection, handler, _admit_tenant)


async def authenticate_operator_session(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the pages of operators, which for others are not there."""
    await _authenticate(connection, handler, _admit_operator)


async def authenticate_acting_session(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the pages of the organization that the part `org_id` of their path names, for operators who act for it.

    For others they are not there. Raises Conflict, too, for a change where the organization is being deleted.
    """
    await _authenticate(connection, handler, _admit_acting_operator)


async def _admit_anybody(_: ApiRequest, caller: Caller) -> Caller:
    return caller


async def _admit_tenant(_: ApiRequest, caller: Caller) -> Caller:
    if caller.kind is CallerKind.OPERATOR:
        raise OperatorPagesNeeded("Operators have pages of their own.")
    return caller


async def _admit_operator(request: ApiRequest, caller: Caller) -> Caller:
    if caller.kind is not CallerKind.OPERATOR:
        # To them it is what any path is that leads nowhere.
        await admit_caller(request, caller)
        raise route_not_found()
    return caller


async def _admit_acting_operator(request: ApiRequest, caller: Caller) -> Caller:
    operator = await _admit_operator(request, caller)
    is_write = request.scope["method"] not in READ_METHODS
    return await act_for(request.services, request.path_params["org_id"], operator, is_write=is_write)


async def _authenticate(
    connection: AsgiConnection, handler: BaseRouteHandler, admit: Callable[[ApiRequest, Caller], Awaitable[Caller]]
) -> None:
    """Authenticate whose session it is. `admit` returns as whom they may come to these pages, or raises."""
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
    scope["state"] |= {PRESENTED_SESSION: secret, BUILD_REFUSAL: _build_ended_session_error}
    try:
        caller = await find_admitted_caller(scope)
    except Unauthenticated as error:
        # It counts against nobody: nobody guesses 256 bits, and browsers go on to send what has ended.
        raise _build_ended_session_error() from error
    caller = await admit(connection, caller)
    await admit_caller(connection, caller)
    if caller.kind is CallerKind.OPERATOR:
        _tie_to_operators(connection, caller)
    if is_write:
        await _check_csrf_token(connection, secret)
    await authorize_caller(connection, handler, caller)


def _build_ended_session_error() -> SignInNeeded:
    return SignInNeeded("Your session has ended: sign in again.")


async def authenticate_shown_token(request: ApiRequest, token: str) -> None:
    """Authenticate a browser in which somebody typed a token, as the API does. Links let nobody sign in.

    Raises Unauthenticated, Forbidden, TooManyRequests.
    """
    request.scope["state"][PRESENTED_TOKEN] = "" if is_link_token(token) else token
    await admit_caller(request, await identify_bearer(request.scope))


def read_csrf_token(scope: Scope) -> str:
    """Return what the pages of the request's session have to send with each write."""
    return derive_csrf_token(scope["state"][PRESENTED_SESSION])


def _tie_to_operators(request: ApiRequest, caller: Caller) -> None:
    """End the request when its operator has other rights, or none any more."""
    operators, uid, gid = request.services.operators, int(caller.id), caller.gid
    assert gid is not None, "every operator comes from a process"
    open_request: OpenRequest = request.scope["state"][OPEN_REQUEST]
    open_request.admit_operator(lambda: operators.value.find_role(uid, gid) is caller.role)


async def _check_csrf_token(request: ApiRequest, secret: str) -> None:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None:
        try:
            sent = (await read_form(request)).get(CSRF_FIELD, "")
        except InvalidInput as error:
            raise build_csrf_refusal() from error
    if not is_csrf_token(sent, secret):
        raise build_csrf_refusal()
