"""`/api/sessions`: the browsers that are signed in with an organization's tokens."""

from typing import Final

from litestar import delete, get
from litestar.params import FromPath

from dcvd.api.sessions.view import EndedSessions, SessionAnswer, SessionList, session_list, session_view
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.sessions import ending, queries


@get("", summary="List the sessions")
async def list_sessions(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> SessionList:
    """List the sessions of the organization's tokens that have not ended, newest first."""
    page = await queries.list_page(
        request.context,
        request.org_id,
        request.services.token_usage.update_session,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return session_list(page, request.context.config.web.session_idle)


@get("/{session_id:str}", summary="Show a session")
async def get_session(request: ApiRequest, session_id: FromPath[str]) -> SessionAnswer:
    """Show a session that has not ended."""
    session = await queries.get(
        request.context, request.org_id, session_id, request.services.token_usage.update_session
    )
    return SessionAnswer(session_view(session, request.context.config.web.session_idle))


@delete("/{session_id:str}", summary="End a session")
async def end_session(request: ApiRequest, session_id: FromPath[str]) -> None:
    """End a session at once, also in requests that are under way.

    Nobody ends one of a token whose role is above their own.
    """
    await ending.end_one(request.context, request.org_id, session_id)


@delete("", summary="End all sessions", status_code=200)
async def end_all_sessions(request: ApiRequest) -> EndedSessions:
    """End all sessions of tokens whose role is not above the caller's, but the one in which this is asked for."""
    return EndedSessions(await ending.end_all(request.context, request.org_id))


ROUTER: Final = Router(
    "/sessions",
    route_handlers=[list_sessions, get_session, end_session, end_all_sessions],
    opt={"subject": "tokens", "limited": True},
    tags=["Sessions"],
)
