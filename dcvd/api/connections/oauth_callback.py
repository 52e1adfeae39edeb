"""`/oauth/callback/{provider}`: where a provider's server sends a customer's browser back.

Each provider has an address of its own, so that no server can have its answer taken for another's (RFC 9700, section
4.4). It needs no token: the state says what the answer belongs to. It is no part of the published schema, as nobody
calls it on purpose.
"""

from http import HTTPStatus
from typing import Final

import structlog
from litestar import Response, Router, get
from litestar.params import FromPath

from dcvd.api.http.pages import HEADERS, connected, failed
from dcvd.api.http.problems import HttpRefusal, no_route, refuse
from dcvd.api.http.request import ApiRequest
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import Callback, read_callback, with_query
from dcvd.errors import DcvdError, InvalidInput
from dcvd.services.connections.code_exchange import Finished, connect_for_browser

log = structlog.get_logger(__name__)

_PAGE: Final = "text/html"
_WITH_OAUTH: Final = {provider.value: provider for provider in Provider if provider is not Provider.ROUTE53}


@get("/{provider:str}")
async def take_answer(request: ApiRequest, provider: FromPath[str]) -> Response[bytes]:
    """Ends where the authorization said that the browser is to go, or on a plain page."""
    asked = _WITH_OAUTH.get(provider)
    if asked is None:
        raise no_route()
    if request.is_head:
        # It would use the state as a GET does, and whoever only looks whether a link is good must not.
        raise HttpRefusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "The methods of this address are GET, OPTIONS.",
            headers={"Allow": "GET, OPTIONS"},
        )
    try:
        callback = _callback(request.scope["query_string"])
        finished = await connect_for_browser(
            request.context, request.parts.token_client, request.parts.drivers, asked, callback
        )
    except DcvdError as error:
        return _failed(request, asked, None, error)
    if finished.return_to is not None:
        return _sent_on(finished.return_to, finished, callback.state)
    if finished.failure is not None:
        return _failed(request, asked, finished.organization, finished.failure)
    return _page(HTTPStatus.OK, connected(asked, finished.organization))


def _callback(query: bytes) -> Callback:
    try:
        return read_callback(query.decode("ascii"))
    except ValueError as error:
        # A query that is not ASCII quotes itself in its error, and there may be a code in it.
        reason = "is not ASCII" if isinstance(error, UnicodeDecodeError) else str(error)
        log.warning("oauth.callback_refused", reason=reason)
        raise InvalidInput("query", f"The query of this address {reason}.", code="invalid_callback") from None


def _sent_on(return_to: str, finished: Finished, state: str) -> Response[bytes]:
    """303: the browser asks there with GET, and sends nothing that it sent here (RFC 9700, section 4.12).

    The state, which is used by now, tells the page there whether it was this browser's user who began (section 4.7).
    """
    result = {"error": finished.failure.code} if finished.failure is not None else {}
    if finished.connection is not None:
        result = {"connection": finished.connection.id}
    location = with_query(return_to, {**result, "state": state})
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={**HEADERS, "Location": location}, media_type=_PAGE)


def _failed(request: ApiRequest, provider: Provider, organization: str | None, error: DcvdError) -> Response[bytes]:
    # As any failure of ours is answered and logged, but for a person.
    status = HTTPStatus(refuse(request.scope, error).problem.status)
    return _page(status, failed(provider, organization, error))


def _page(status: HTTPStatus, text: str) -> Response[bytes]:
    return Response(text.encode(), status_code=status, headers=HEADERS, media_type=_PAGE)


ROUTER: Final = Router("/oauth/callback", route_handlers=[take_answer], include_in_schema=False)
