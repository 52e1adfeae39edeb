"""`/dashboard/operator`: who is signed in."""

from typing import Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.branding.branding import Branding
from dcvd.core.tokens.token import may_write
from dcvd.http.access.session_authentication import read_csrf_token
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.request import ApiRequest
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import PageLook, choose_page_language, render_page


@get("/")
async def show_operator_overview(request: ApiRequest) -> Template:
    """Show as whom the browser acts."""
    look = request.scope["state"][LOOK] = PageLook(choose_page_language(request, Branding()))
    return render_page(
        "operator/overview.html",
        look,
        {
            "csrf_token": read_csrf_token(request.scope),
            "uid": request.auth.id,
            "is_observer": not may_write(request.auth.role),
        },
        headers=OWN_REFERRER,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [show_operator_overview]
