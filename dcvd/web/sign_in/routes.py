"""`/`, `/sign-in`, `/sign-out`: a token is exchanged for a session, which ends again."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect, Template

from dcvd.core.branding.branding import Branding
from dcvd.core.http.own_paths import read_own_path
from dcvd.errors import Unauthenticated
from dcvd.http.access.same_origin import check_same_origin
from dcvd.http.access.session_authentication import authenticate_session, authenticate_shown_token
from dcvd.http.access.session_cookie import build_cookie_removal, build_session_cookie
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.forms import read_form
from dcvd.http.page_routes import ANY_QUERY
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.oauth.openid import name_provider
from dcvd.services.sessions import beginning, ending
from dcvd.web.pages.failures import LOOK, show_failure
from dcvd.web.pages.page import PageLook, choose_page_language, render_page
from dcvd.web.sign_in import oidc, operator_link
from dcvd.web.sign_in.redirection import DASHBOARD_PATH, NEXT_FIELD, SIGN_IN_PATH, show_failure_or_sign_in


@get("/", status_code=303)
async def lead_to_dashboard() -> Redirect:
    """Lead whoever knows the address alone to the dashboard."""
    return Redirect(DASHBOARD_PATH, status_code=303)


@get(SIGN_IN_PATH)
async def show_sign_in(request: ApiRequest) -> Template:
    """Ask for a token."""
    return _ask(request, request.query_params.get(NEXT_FIELD))


@post(SIGN_IN_PATH, status_code=200)
async def sign_in(request: ApiRequest) -> Response[Any]:
    """Begin a session with the token that was typed, and go on to where the browser came from."""
    config = request.services.context.config
    check_same_origin(request.scope, config.server.public_url)
    form = await read_form(request)
    target, token = read_own_path(form.get(NEXT_FIELD), DASHBOARD_PATH), form.get("token", "").strip()
    try:
        await authenticate_shown_token(request, token)
    except Unauthenticated:
        return _ask(request, target, is_refused=True)
    begun = await beginning.begin(request.context, request.org_id, token, user_agent=request.headers.get("user-agent"))
    cookie = build_session_cookie(config, begun.secret.reveal(), begun.lifetime_ms)
    return Redirect(target, status_code=303, headers={"Set-Cookie": cookie})


@post("/sign-out", status_code=200, guards=[authenticate_session],
      exception_handlers={Exception: show_failure_or_sign_in})  # fmt: skip
async def sign_out(request: ApiRequest) -> Redirect:
    """End the session of this browser."""
    assert request.auth.session_id is not None, "the guard lets in sessions alone"
    await ending.end_own(request.context, request.auth.session_id)
    cookie = build_cookie_removal(request.context.config)
    return Redirect(SIGN_IN_PATH, status_code=303, headers={"Set-Cookie": cookie})


def _ask(request: ApiRequest, target: str | None, *, is_refused: bool = False) -> Template:
    look = request.scope["state"][LOOK] = PageLook(choose_page_language(request, Branding()))
    return render_page(
        "sign_in/sign_in.html",
        look,
        {
            "target": read_own_path(target, DASHBOARD_PATH),
            "is_refused": is_refused,
            "provider": name_provider(request.services.context.config.web_oidc),
        },
        status=HTTPStatus.UNAUTHORIZED if is_refused else HTTPStatus.OK,
        headers=OWN_REFERRER | ({"WWW-Authenticate": 'Bearer realm="dcvd"'} if is_refused else {}),
    )


ROUTER: Final = Router(
    "/",
    route_handlers=[lead_to_dashboard, show_sign_in, sign_in, sign_out, *operator_link.HANDLERS, *oidc.HANDLERS],
    exception_handlers={Exception: show_failure},
    opt={"subject": None, "limited": True, "own_session": True, ANY_QUERY: True},
    include_in_schema=False,
)
