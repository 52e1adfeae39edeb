"""`/operator/sign-in-links` and `/operator/sessions`: the way of operators into a browser, and what came of it."""

from typing import Final

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.operators.session_view import (
    OperatorSessionList,
    SignInLinkAnswer,
    SignInLinkView,
    operator_session_list,
)
from dcvd.api.sessions.view import EndedSessions
from dcvd.core.instants import to_rfc3339
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.sessions import ending, queries, sign_in_links


@post("/sign-in-links", summary="Make a link by which its caller signs in with a browser", status_code=201)
async def create_sign_in_link(request: ApiRequest) -> SignInLinkAnswer:
    """Make a link that works once, within a minute. It is in this answer and never again."""
    made = await sign_in_links.create_link(request.context)
    return SignInLinkAnswer(SignInLinkView(url=made.url.reveal(), expires_at=to_rfc3339(made.link.expires_at)))


@get("/sessions", summary="List the sessions of operators")
async def list_operator_sessions(
    request: ApiRequest, limit: Limit = None, cursor: Cursor = None
) -> OperatorSessionList:
    """List the sessions of all operators and observers that have not ended, newest first."""
    page = await queries.list_page(
        request.context,
        None,
        request.services.token_usage.update_session,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return operator_session_list(page, request.context.config.web.session_idle)


@delete("/sessions/{session_id:str}", summary="End a session of an operator")
async def end_operator_session(request: ApiRequest, session_id: FromPath[str]) -> None:
    """End a session at once, also in requests that are under way."""
    await ending.end_one(request.context, None, session_id)


@delete("/sessions", summary="End all sessions of operators", status_code=200)
async def end_all_operator_sessions(request: ApiRequest) -> EndedSessions:
    """End the sessions of all operators and observers."""
    return EndedSessions(await ending.end_all(request.context, None))


HANDLERS: Final[list[HTTPRouteHandler]] = [
    create_sign_in_link,
    list_operator_sessions,
    end_operator_session,
    end_all_operator_sessions,
]
