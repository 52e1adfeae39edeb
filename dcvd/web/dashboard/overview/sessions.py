"""`/dashboard/sessions`: in which browsers the caller is signed in."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.http.request import ApiRequest
from dcvd.services.sessions import ending, queries
from dcvd.web.dashboard.visit import open_visit


@get("/sessions")
async def show_sessions(request: ApiRequest) -> Template:
    """Show the sessions of the token with whose rights the browser acts."""
    visit = await open_visit(request)
    sessions = await queries.list_own(request.context, request.services.token_usage.update_session)
    idle_ms = request.context.config.web.session_idle
    return visit.show(
        "overview/sessions",
        {
            "sessions": [(session, session.find_end(idle_ms)) for session in sessions],
            "current_id": request.auth.session_id,
        },
    )


@post("/sessions/{session_id:str}/end", status_code=200, opt={"own_session": True})
async def end_session(request: ApiRequest, session_id: FromPath[str]) -> Response[Any]:
    """End a session of the same token, in whichever browser."""
    visit = await open_visit(request)
    await ending.end_own(request.context, session_id)
    return visit.go_to("/sessions", done="done_session_ended")


HANDLERS: Final[list[HTTPRouteHandler]] = [show_sessions, end_session]
