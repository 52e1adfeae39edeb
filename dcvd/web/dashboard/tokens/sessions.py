"""`/dashboard/tokens/sessions`: the browsers that are signed in to the organization."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.http.request import ApiRequest
from dcvd.services.members.queries import find_signed_in
from dcvd.services.sessions import ending, queries
from dcvd.services.tokens.queries import find_names
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.visit import open_visit

_PLACE: Final = "/tokens/sessions"


@get("/sessions")
async def list_sessions(request: ApiRequest) -> Template:
    """List the sessions that have not ended, newest first."""
    visit = await open_visit(request)
    page = await queries.list_page(
        request.context,
        request.org_id,
        request.services.token_usage.update_session,
        cursor=request.query_params.get("cursor"),
        limit=DEFAULT_LIMIT,
    )
    token_ids = {session.token_id for session in page.items if session.token_id is not None}
    names = await find_names(request.context, request.org_id, token_ids)
    names |= await find_signed_in(request.context, request.org_id)
    idle_ms = request.context.config.web.session_idle
    return visit.show(
        "tokens/sessions",
        {
            "sessions": [
                (session, names.get(session.holder, session.holder), session.find_end(idle_ms))
                for session in page.items
            ],
            "current_id": request.auth.session_id,
            "next_url": visit.link_next(page.next_cursor),
        },
    )


@post("/sessions/{session_id:str}/end", status_code=200)
async def end_session(request: ApiRequest, session_id: FromPath[str]) -> Response[Any]:
    """End a session, in whichever browser."""
    visit = await open_visit(request)
    await ending.end_one(request.context, request.org_id, session_id)
    return visit.go_to(_PLACE, done="done_session_ended")


@post("/sessions/end-all", status_code=200)
async def end_all_sessions(request: ApiRequest) -> Response[Any]:
    """End all sessions that the caller may end, but the one in which this is asked for."""
    visit = await open_visit(request)
    await ending.end_all(request.context, request.org_id)
    return visit.go_to(_PLACE, done="done_sessions_ended")


HANDLERS: Final[list[HTTPRouteHandler]] = [list_sessions, end_session, end_all_sessions]
