"""`/dashboard`: who is signed in, and in which browsers."""

from typing import Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dcvd.http.request import ApiRequest
from dcvd.services.sessions import ending, queries
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.sign_in.redirection import DASHBOARD_PATH


@get("/")
async def show_overview(request: ApiRequest) -> Template:
    """Show with which token the browser acts, and the sessions that this token has."""
    visit = await open_visit(request)
    sessions = await queries.list_own(request.context, request.services.token_usage.update_session)
    idle_ms = request.context.config.web.session_idle
    return visit.show(
        "overview",
        {
            "sessions": [(session, session.find_end(idle_ms)) for session in sessions],
            "current_id": request.auth.session_id,
        },
    )


@post("/sessions/{session_id:str}/end", status_code=200, opt={"own_session": True})
async def end_session(request: ApiRequest, session_id: FromPath[str]) -> Redirect:
    """End a session of the same token, in whichever browser."""
    await ending.end_own(request.context, session_id)
    return Redirect(DASHBOARD_PATH, status_code=303)


HANDLERS: Final[list[HTTPRouteHandler]] = [show_overview, end_session]
