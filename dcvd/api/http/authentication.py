"""Who may ask: tenants with a bearer token, operators by the credentials of their process."""

from collections.abc import Iterable
from typing import Any, Final, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from dcvd.api.http.app_services import Parts
from dcvd.api.http.problems import no_route
from dcvd.core.tokens import may_write
from dcvd.errors import Forbidden, Unauthenticated
from dcvd.kit.http.protocol import PEER, Peer
from dcvd.services import tokens

_READS: Final = frozenset({"GET", "HEAD"})
_BROWSER: Final = frozenset({b"origin", b"referer"})
_OPERATOR_PATHS: Final = ("operator", "metrics")

Connection = ASGIConnection[Any, Any, Any, Any]


async def bearer(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of all that belongs to a tenant. Raises Unauthenticated, Forbidden.

    The role is judged by the method, so that a new handler which changes something is never open by oversight.
    """
    method = connection.scope["method"]  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    if method == "OPTIONS":
        return
    parts = parts_of(connection.scope)
    token = await tokens.authenticate(parts.context, _presented(connection.scope["headers"]))
    connection.scope["auth"] = token
    parts.last_use.note(token.id, parts.context.now())
    if method not in _READS and not may_write(token.role):
        raise Forbidden(f"A token with the role {token.role.value} only reads; writes need admin or owner.")


async def operator(connection: Connection, _: BaseRouteHandler) -> None:
    """The guard of the operators' calls. Raises NotFound, Forbidden."""
    check_operator(connection.scope, parts_of(connection.scope).operators)


def check_operator(scope: Scope, operators: frozenset[int]) -> None:
    """Over TCP there are no such calls at all; over the unix socket the kernel says who asks.

    No browser has business there: a page must not be able to use its visitor's rights through some proxy.
    """
    extensions = cast("dict[str, Peer]", scope.get("extensions") or {})
    peer = extensions.get(PEER)
    if peer is None:
        raise no_route()
    if any(name in _BROWSER for name, _ in scope["headers"]):
        raise Forbidden("Operator calls are not for browsers: send neither Origin nor Referer.", code="browser_refused")
    if peer["uid"] not in operators:
        raise Forbidden(
            f"The user with uid {peer['uid']} is no operator; add it to server.operators in the configuration.",
            code="not_an_operator",
        )


def is_operator_path(path: str) -> bool:
    """Whether all that is at or below this path is the operators' alone, also where it does not exist."""
    return next((part for part in path.split("/") if part), "") in _OPERATOR_PATHS


def parts_of(scope: Scope) -> Parts:
    """What the application was made with."""
    return cast(Parts, scope["litestar_app"].state.parts)


def _presented(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) != 1:
        raise Unauthenticated("A bearer token is needed: send one header Authorization: Bearer dcv_live_….")
    # RFC 9110: blanks and tabs around a field's value mean nothing, blanks alone stand behind the scheme.
    scheme, _, token = given[0].decode("latin-1").strip(" \t").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The header Authorization has to be: Bearer dcv_live_….")
    return token.lstrip(" ")
