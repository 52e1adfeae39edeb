"""`/oauth/callback/{provider}`: where a provider's server sends a customer's browser back.

Each provider has an address of its own, so that no server can have its answer taken for another's (RFC 9700, section
4.4). It needs no token: the state says what the answer belongs to. It is not in the published schema, because only
browsers that are sent there call it.
"""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import AuthorizationResponse, add_query, read_authorization_response
from dcvd.errors import DcvdError, InvalidInput
from dcvd.http.answers.problems import refuse_head, report_failure, route_not_found
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.connections.code_exchange import CallbackResult, connect_for_browser
from dcvd.web.pages.message import show_message
from dcvd.web.returns.connection_messages import failure_message, success_message
from dcvd.web.returns.return_cookie import CONNECTIONS_PAGE, FORGET_RETURN, read_return_path

log = structlog.get_logger(__name__)

_OAUTH_PROVIDERS: Final = {provider.value: provider for provider in Provider if provider is not Provider.ROUTE53}


@get("/{provider:str}")
async def handle_callback(request: ApiRequest, provider: FromPath[str]) -> Response[Any]:
    """Finish the connection, and send the browser on to the `returnTo` of its authorization, or show a plain page."""
    known_provider = _OAUTH_PROVIDERS.get(provider)
    if known_provider is None:
        raise route_not_found()
    if request.is_head:
        raise refuse_head()
    try:
        callback = _parse_callback(request.scope["query_string"])
        result = await connect_for_browser(
            request.context,
            request.services.access,
            known_provider,
            callback,
        )
    except DcvdError as error:
        return _failure_response(request, known_provider, None, error)
    page_path = read_return_path(request.headers.get("cookie"), callback.state)
    if page_path is not None:
        return _lead_back(_find_place(page_path, result))
    if result.return_to is not None:
        return _redirect(result.return_to, result, callback.state)
    if result.failure is not None:
        return _failure_response(request, known_provider, result.organization, result.failure)
    return show_message(request, success_message(known_provider, result.organization))


def _parse_callback(query: bytes) -> AuthorizationResponse:
    try:
        return read_authorization_response(query.decode("ascii"))
    except ValueError as error:
        # UnicodeDecodeError carries the query, in which there may be a code: only a fixed text is logged and shown.
        reason = "is not ASCII" if isinstance(error, UnicodeDecodeError) else str(error)
        log.warning("oauth.callback_refused", reason=reason)
        raise InvalidInput("query", f"The query of this address {reason}.", code="invalid_callback") from None


def _redirect(return_to: str, outcome: CallbackResult, state: str) -> Response[bytes]:
    """Answer with 303, so that the browser goes on with GET and repeats nothing (RFC 9700, section 4.12).

    By the state, which is used up by now, the page at `return_to` can tell whether it was the user of this browser who
    began (section 4.7).
    """
    parameters = {"error": outcome.failure.code} if outcome.failure is not None else {}
    if outcome.connection is not None:
        parameters = {"connection": outcome.connection.id}
    location = add_query(return_to, {**parameters, "state": state})
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={"Location": location}, media_type="text/html")


def _find_place(page_path: str, result: CallbackResult) -> str:
    """Return where a page goes on: with the plan of what is written, or the connection; or it says what went wrong."""
    if result.failure is not None:
        return f"{page_path}?failed={quote(result.failure.code)}"
    if page_path != CONNECTIONS_PAGE:
        return f"{page_path}/plan"
    assert result.connection is not None, "without a failure there is a connection"
    return f"{page_path}/{result.connection.id}?done=done_connected"


def _lead_back(path: str) -> Response[bytes]:
    """Lead the browser back to the page from which somebody went to their provider."""
    headers = {"Location": path, "Set-Cookie": FORGET_RETURN}
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers, media_type="text/html")


def _failure_response(request: ApiRequest, provider: Provider, organization: str | None, error: DcvdError) -> Template:
    # The status and the log line are those of any failure, but the answer is a page for people.
    status = HTTPStatus(report_failure(request.scope, error).problem.status)
    return show_message(request, failure_message(provider, organization, error), status=status)


ROUTER: Final = Router("/oauth/callback", route_handlers=[handle_callback], include_in_schema=False)
