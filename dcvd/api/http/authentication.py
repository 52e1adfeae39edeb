"""Who may ask: tenants with a bearer token, operators by the credentials of their process."""

from collections.abc import Iterable
from typing import Any, Final, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from dcvd.api.http.app_services import AppServices
from dcvd.api.http.problems import route_not_found
from dcvd.core.tokens import may_write
from dcvd.errors import Forbidden, Unauthenticated
from dcvd.kit.http.protocol import PEER_EXTENSION, Peer
from dcvd.services import tokens

_READ_METHODS: Final = frozenset({"GET", "HEAD"})
_BROWSER_HEADERS: Final = frozenset({b"origin", b"referer"})
_OPERATOR_ROOTS: Final = ("operator", "metrics")

AsgiConnection = ASGIConnection[Any, Any, Any, Any]


async def authenticate_tenant(connection: AsgiConnection, _: BaseRouteHandler) -> None:
    """The guard of all that belongs to a tenant. Raises Unauthenticated, Forbidden.

    The role is judged by the method, so that a new handler which changes something is never open by oversight.
    """
    method = connection.scope["method"]  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    if method == "OPTIONS":
        return
    parts = get_services(connection.scope)
    token = await tokens.authenticate(parts.context, _read_bearer_token(connection.scope["headers"]))
    connection.scope["auth"] = token
    parts.token_usage.record_use(token.id, parts.context.now())
    if method not in _READ_METHODS and not may_write(token.role):
        raise Forbidden(f"A token with the role {token.role.value} only reads; writes need admin or owner.")


async def authenticate_operator(connection: AsgiConnection, _: BaseRouteHandler) -> None:
    """The guard of the operators' calls. Raises NotFound, Forbidden."""
    check_operator(connection.scope, get_services(connection.scope).operators)


def check_operator(scope: Scope, operators: frozenset[int]) -> None:
    """Over TCP there are no such calls at all; over the unix socket the kernel says who asks.

    No browser has business there: a page must not be able to use its visitor's rights through some proxy.
    """
    extensions = cast("dict[str, Peer]", scope.get("extensions") or {})
    peer = extensions.get(PEER_EXTENSION)
    if peer is None:
        raise route_not_found()
    if any(name in _BROWSER_HEADERS for name, _ in scope["headers"]):
        raise Forbidden("Operator calls are not for browsers: send neither Origin nor Referer.", code="browser_refused")
    if peer["uid"] not in operators:
        raise Forbidden(
            f"The user with uid {peer['uid']} is no operator; add it to server.operators in the configuration.",
            code="not_an_operator",
        )


def is_operator_path(path: str) -> bool:
    """Whether all that is at or below this path is the operators' alone, also where it does not exist."""
    return next((part for part in path.split("/") if part), "") in _OPERATOR_ROOTS


def get_services(scope: Scope) -> AppServices:
    """What the application was made with."""
    return cast(AppServices, scope["litestar_app"].state.parts)


def _read_bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) != 1:
        raise Unauthenticated("A bearer token is needed: send one header Authorization: Bearer dcv_live_….")
    # RFC 9110: blanks and tabs around a field's value mean nothing, blanks alone stand behind the scheme.
    scheme, _, token = given[0].decode("latin-1").strip(" \t").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The header Authorization has to be: Bearer dcv_live_….")
    return token.lstrip(" ")
