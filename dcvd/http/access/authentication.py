"""Authentication: tenants by a bearer token, their customers by a link's, operators by their process's credentials."""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.links import is_link_token
from dcvd.core.operators import OperatorRights
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import Role
from dcvd.errors import DcvdError, Forbidden, NotFound, Unauthenticated
from dcvd.http.access.acting_operators import act_for_organization, is_acting_operator
from dcvd.http.access.authorization import READ_METHODS, check_observer, check_permission, check_reach
from dcvd.http.answers.problems import route_not_found
from dcvd.http.app_services import AppServices
from dcvd.http.limits.client_requests import CLIENT_ADDRESS
from dcvd.http.limits.open_requests import OPEN_REQUEST, OpenRequest
from dcvd.http.limits.rate_limits import RATE_LIMIT_FIELDS
from dcvd.kit.http.server.peer import PEER_EXTENSION, Peer
from dcvd.kit.logs.anonymous_lines import mark_known
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.tokens import authentication

_BROWSER_HEADERS: Final = frozenset({b"origin", b"referer"})
NOT_AN_OPERATOR: Final = "not_an_operator"
PRESENTED_TOKEN: Final = "dcvd.presented_token"
"""The key in the scope's state of a token that did not come in the header Authorization."""
PRESENTED_SESSION: Final = "dcvd.presented_session"
"""The key in the scope's state of the secret of a session, which stands in place of a token."""
_OPERATOR_ROOTS: Final = ("operator", "metrics")
_OBSERVERS_PATHS: Final = ("/operator/sign-in-links",)
"""Where observers write, too: what they get lets them read alone."""

AsgiConnection = ASGIConnection[Any, Any, Any, Any]
BUILD_REFUSAL: Final = "dcvd.build_refusal"
"""The key in the scope's state of what makes the error of a route's guard of one that says that nobody is known."""
UNATTENDED_HEADER: Final = "X-Unattended"
"""The header by which an open page says that it asks by itself: nobody uses its session by that. It holds for reads."""
UNATTENDED: Final = "unattended"
"""The name in a route's `opt` by which that holds for each request to it."""


async def authenticate_tenant(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard all tenants' routes, which operators may call for an organization.

    Raises Unauthenticated, Forbidden, TooManyRequests, and NotFound for what the caller may not know of.
    """
    method = connection.scope["method"]  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    if method == "OPTIONS":
        return
    services = get_services(connection.scope)
    if is_acting_operator(connection.scope):
        await authenticate_operator(connection, handler)
        connection.scope["auth"] = await act_for_organization(
            connection.scope, services, connection.scope["auth"], is_write=method not in READ_METHODS
        )
        return
    await _authenticate_bearer(connection, handler)


async def authenticate_link(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the pages of links, whose token is the part `link_token` of their path.

    Raises what `authenticate_tenant` raises, but NotFound for a link that does not work.
    """
    token, state = connection.path_params["link_token"], connection.scope["state"]
    state[BUILD_REFUSAL] = _build_ended_link_error
    try:
        if not is_link_token(token):
            raise Unauthenticated(authentication.REFUSAL)
        state[PRESENTED_TOKEN] = token
        await _authenticate_bearer(connection, handler)
    except Unauthenticated as error:
        raise _build_ended_link_error() from error


def _build_ended_link_error() -> NotFound:
    return NotFound(word("link_ended"), code="link_ended")


async def _authenticate_bearer(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    caller = await identify_bearer(connection.scope)
    await admit_caller(connection, caller)
    await authorize_caller(connection, handler, caller)


async def identify_bearer(scope: Scope) -> Caller:
    """Return whose token was presented, and count it against their address where it is nobody's.

    Raises Unauthenticated, Forbidden, TooManyRequests.
    """
    services = get_services(scope)
    try:
        return await find_admitted_caller(scope)
    except Unauthenticated as error:
        # After the question, not before: a valid token passes, whatever else comes from its address.
        refusal = services.failed_authentications.record(read_client_address(scope))
        services.metrics.count_authentication_failure("refused" if refusal is None else "limited")
        raise refusal or error from None


async def find_admitted_caller(scope: Scope) -> Caller:
    """Return whose token or session was presented; the request ends with it. Raises Unauthenticated, Forbidden."""
    request: OpenRequest = scope["state"][OPEN_REQUEST]
    caller = await _find_caller(scope)
    while not request.admit(caller, get_services(scope).context.now()):
        caller = await _find_caller(scope)
    return caller


async def admit_caller(connection: AsgiConnection, caller: Caller) -> None:
    """Let a caller in whom the request has shown, as far as they have not asked too often. Raises TooManyRequests."""
    scope, services = connection.scope, get_services(connection.scope)
    is_write = scope["method"] not in READ_METHODS  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    _note_caller(scope, services, caller, is_use=caller.session_id is None or is_write or not _is_unattended(scope))
    if caller.kind is CallerKind.OPERATOR:
        # They wait for nobody's turn.
        return
    admission = await services.rate_limiter.admit(caller, is_write=is_write)
    scope["state"][RATE_LIMIT_FIELDS] = admission.fields
    if admission.refusal is not None:
        raise admission.refusal


def admit_reader_at_once(scope: Scope, services: AppServices, caller: Caller) -> bool:
    """Let the bearer of a token in whose request only reads, as `admit_caller` would; also before a route is found.

    Returns False, and nothing is counted, where they have asked too often, or something has to be read to know that.
    """
    admission = services.rate_limiter.admit_at_once(caller, is_write=False)
    if admission is None or admission.refusal is not None:
        return False
    _note_caller(scope, services, caller, is_use=True)
    scope["state"][RATE_LIMIT_FIELDS] = admission.fields
    return True


def _note_caller(scope: Scope, services: AppServices, caller: Caller, *, is_use: bool) -> None:
    """Note who asks, and that they used their token, link or session by that."""
    scope["auth"] = caller
    mark_known()
    if is_use:
        services.token_usage.record_use(caller, services.context.now())


def _is_unattended(scope: Scope) -> bool:
    is_said = any(name == UNATTENDED_HEADER.lower().encode() for name, _ in scope["headers"])
    return is_said or bool(scope["route_handler"].opt.get(UNATTENDED, False))


async def authorize_caller(connection: AsgiConnection, handler: BaseRouteHandler, caller: Caller) -> None:
    """Check whether a caller may do what they ask for. Raises Forbidden, NotFound."""
    scope = connection.scope
    check_permission(caller, handler.opt, scope["method"])  # type: ignore[typeddict-item]  # HTTP
    await check_reach(get_services(scope).context, caller, connection.path_params)


async def find_lost_rights_error(scope: Scope) -> DcvdError:
    """Return the answer to a request that was ended because the rights of its caller ended or changed.

    It is what the next request would be told; one that would be served is told to come.
    """
    error = await _find_lost_rights_error(scope)
    build_refusal: Callable[[], DcvdError] | None = scope["state"].get(BUILD_REFUSAL)
    return error if build_refusal is None or not isinstance(error, Unauthenticated) else build_refusal()


async def _find_lost_rights_error(scope: Scope) -> DcvdError:
    request: OpenRequest = scope["state"][OPEN_REQUEST]
    if request.has_expired:
        return Unauthenticated(authentication.REFUSAL)
    try:
        if is_operator_path(scope["path"]) or is_acting_operator(scope):
            check_operator(scope, get_services(scope).operators.value)
            return authentication.build_changed_rights_error()
        caller = await _find_caller(scope)
        check_permission(caller, scope["route_handler"].opt, scope["method"])  # type: ignore[typeddict-item]  # HTTP
        await check_reach(get_services(scope).context, caller, scope["path_params"])
    except DcvdError as error:
        return error
    return authentication.build_changed_rights_error()


async def _find_caller(scope: Scope) -> Caller:
    request: OpenRequest = scope["state"][OPEN_REQUEST]
    services, address = get_services(scope), read_client_address(scope)
    session_secret: str | None = scope["state"].get(PRESENTED_SESSION)
    if session_secret is not None:
        return await authenticate_session(
            services.context,
            session_secret,
            services.token_usage.update_session,
            services.operators.value,
            address,
            request.request_id,
        )
    token: str | None = scope["state"].get(PRESENTED_TOKEN)
    if token is None:
        token = read_bearer_token(scope["headers"])
    return await services.callers.authenticate(token, address, request.request_id)


async def authenticate_operator(connection: AsgiConnection, _: BaseRouteHandler) -> None:
    """Guard the operators' routes. Raises NotFound, Forbidden."""
    scope, operators = connection.scope, get_services(connection.scope).operators
    uid, gid, role = check_operator(scope, operators.value)
    request: OpenRequest = scope["state"][OPEN_REQUEST]
    request.admit_operator(lambda: _is_admitted(scope, operators.value))
    mark_known()
    scope["auth"] = Caller(kind=CallerKind.OPERATOR, role=role, id=str(uid), gid=gid, request_id=request.request_id)


def _is_admitted(scope: Scope, rights: OperatorRights) -> bool:
    try:
        check_operator(scope, rights)
    except DcvdError:
        return False
    return True


def check_operator(scope: Scope, rights: OperatorRights) -> tuple[int, int, Role]:
    """Check what the caller may do on the unix socket, by the kernel's peer credentials; return uid, gid and role.

    An observer only reads. Over TCP the answer is 404, as if there were no such route. Browsers are refused, so that no
    page can use its visitor's rights through a proxy. Raises NotFound, Forbidden.
    """
    extensions = cast("dict[str, Peer]", scope.get("extensions") or {})
    peer = extensions.get(PEER_EXTENSION)
    if peer is None:
        raise route_not_found()
    if any(name in _BROWSER_HEADERS for name, _ in scope["headers"]):
        raise Forbidden(word("browser_refused"), code="browser_refused")
    uid, gid = peer["uid"], peer["gid"]
    role = rights.find_role(uid, gid)
    if role is None:
        raise Forbidden(word("not_an_operator", uid=uid), code=NOT_AN_OPERATOR)
    if scope["path"] not in _OBSERVERS_PATHS:
        check_observer(role, str(uid), scope["method"])  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    return uid, gid, role


def is_operator_path(path: str) -> bool:
    """Whether the path belongs to the operators' routes, whether or not there is a route at it."""
    return next((part for part in path.split("/") if part), "") in _OPERATOR_ROOTS


def read_client_address(scope: Scope) -> str | None:
    """Return the IP address of the client, behind trusted proxies too; None over the unix socket."""
    return cast("str | None", scope["state"][CLIENT_ADDRESS])


def get_services(scope: Scope) -> AppServices:
    """Return the services that the application was built with."""
    services: AppServices = scope["litestar_app"].state["parts"]
    return services


def read_bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Read the token of the header Authorization. Raises Unauthenticated."""
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) != 1:
        raise Unauthenticated(word("token_needed"))
    # RFC 9110: blanks and tabs around a field's value mean nothing, blanks alone stand behind the scheme.
    scheme, _, token = values[0].decode("latin-1").strip(" \t").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated(word("token_header_unusable"))
    return token.lstrip(" ")
