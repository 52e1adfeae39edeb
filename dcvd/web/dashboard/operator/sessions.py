"""`/dashboard/operator/sessions`: the browsers in which operators and observers are signed in."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.http.request import ApiRequest
from dcvd.services.sessions import ending, queries
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit


@get("/sessions")
async def list_sessions(request: ApiRequest) -> Template:
    """List the sessions of all operators and observers that have not ended, newest first."""
    visit = open_operator_visit(request)
    page = await queries.list_page(
        request.context,
        None,
        request.services.token_usage.update_session,
        cursor=Filters(request).cursor,
        limit=DEFAULT_LIMIT,
    )
    idle_ms = request.context.config.web.session_idle
    return visit.show(
        "operator/sessions",
        {
            "rows": [(session, session.find_end(idle_ms)) for session in page.items],
            "current_id": request.auth.session_id,
            "next_url": visit.link_next(page.next_cursor),
        },
    )


@post("/sessions/{session_id:str}/end", status_code=200)
async def end_session(request: ApiRequest, session_id: FromPath[str]) -> Response[Any]:
    """End a session at once, also in requests that are under way."""
    visit = open_operator_visit(request)
    await ending.end_one(request.context, None, session_id)
    return visit.go_to("/sessions", done="done_session_ended")


HANDLERS: Final[list[HTTPRouteHandler]] = [list_sessions, end_session]
