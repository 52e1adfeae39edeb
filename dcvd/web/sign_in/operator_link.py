"""`/sign-in/operator/{code}`: where the link leads that `dcvd dashboard` prints.

To open it changes nothing, because programs that preview links open each of them: the button on the page does.
"""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dcvd.core.branding.branding import Branding
from dcvd.core.sign_in_links import SIGN_IN_ROOT
from dcvd.http.access.same_origin import check_same_origin
from dcvd.http.access.session_cookie import build_session_cookie
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.answers.problems import REQUEST_ID
from dcvd.http.request import ApiRequest
from dcvd.services.sessions import beginning
from dcvd.services.sessions.beginning import Browser
from dcvd.services.sessions.sign_in_links import find_link
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import PageLook, choose_page_language, render_page
from dcvd.web.sign_in.redirection import OPERATOR_PATH

_PATH: Final = f"{SIGN_IN_ROOT}/{{code:str}}"


@get(_PATH)
async def show_operator_link(request: ApiRequest, code: FromPath[str]) -> Template:
    """Ask whether to sign in; or say that the link works no more."""
    return _show(request, is_open=await find_link(request.context, code) is not None)


@post(_PATH, status_code=200)
async def follow_operator_link(request: ApiRequest, code: FromPath[str]) -> Response[Any]:
    """Begin a session with the rights of the operator who was given the link, and use it up."""
    services, config = request.services, request.services.context.config
    check_same_origin(request.scope, config.server.public_url)
    browser = Browser(
        request_id=request.scope["state"][REQUEST_ID],
        address=request.client_address,
        user_agent=request.headers.get("user-agent"),
    )
    begun = await beginning.begin_for_operator(request.context, code, services.operators.value, browser)
    if begun is None:
        return _show(request, is_open=False)
    cookie = build_session_cookie(config, begun.secret.reveal(), begun.lifetime_ms)
    return Redirect(OPERATOR_PATH, status_code=303, headers={"Set-Cookie": cookie})


def _show(request: ApiRequest, *, is_open: bool) -> Template:
    look = request.scope["state"][LOOK] = PageLook(choose_page_language(request, Branding()))
    status = HTTPStatus.OK if is_open else HTTPStatus.NOT_FOUND
    return render_page(
        "sign_in/operator.html", look, {"is_open": is_open}, status=status, headers=OWN_REFERRER, has_scripts=False
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [show_operator_link, follow_operator_link]
