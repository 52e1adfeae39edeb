"""The way to sign in, for a browser without a session."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.plugins.htmx import HTMXDetails
from litestar.response import Redirect, Template

from dcvd.core.branding.branding import Branding
from dcvd.core.http.own_paths import read_own_path, read_path_of_url
from dcvd.http.access.authorization import READ_METHODS
from dcvd.http.access.session_authentication import OperatorPagesNeeded, SignInNeeded
from dcvd.http.access.session_cookie import build_cookie_removal, read_session_secret
from dcvd.http.languages import read_language
from dcvd.http.request import ApiRequest
from dcvd.web.pages.failures import LOOK, show_failure
from dcvd.web.pages.page import PageLook, choose_page_language, render_page

SIGN_IN_PATH: Final = "/sign-in"
OIDC_PATH: Final = "/sign-in/oidc"
DASHBOARD_PATH: Final = "/dashboard"
OPERATOR_PATH: Final = "/dashboard/operator"
ACTING_PATH: Final = "/dashboard/organizations"
"""Below it, and an organization's id, stand the pages of its own people for operators who act for it."""
NEXT_FIELD: Final = "next"
"""The field, in the query and the form of the sign-in, of the path to which a browser goes afterwards."""

_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})


def show_failure_or_sign_in(request: Request[Any, Any, Any], error: Exception) -> Response[Any] | Template:
    """Answer an exception with a page, or with the way to sign in; Litestar calls this for those of the dashboard."""
    assert isinstance(request, ApiRequest)
    if isinstance(error, OperatorPagesNeeded):
        return _lead(request, OPERATOR_PATH, {})
    if not isinstance(error, SignInNeeded):
        return show_failure(request, error)
    config = request.services.context.config
    headers: dict[str, str] = {}
    if read_session_secret(config, request.scope) is not None:
        headers["Set-Cookie"] = build_cookie_removal(config)
    elif _comes_from_elsewhere(request):
        return _ask_again(request)
    url = f"{SIGN_IN_PATH}?{urlencode({NEXT_FIELD: _find_page(request)})}"
    return _lead(request, url, headers)


def show_missing_page(request: Request[Any, Any, Any], error: Exception) -> Template:
    """Answer where no page stands; whoever is signed in finds the way back."""
    assert isinstance(request, ApiRequest)
    is_signed_in = read_session_secret(request.services.context.config, request.scope) is not None
    request.scope["state"][LOOK] = PageLook(
        read_language(request), Branding(), home=DASHBOARD_PATH if is_signed_in else None
    )
    return show_failure(request, error)


def _lead(request: ApiRequest, url: str, headers: Mapping[str, str]) -> Response[Any]:
    """Lead the browser to another page, also where it asked for a part of one."""
    if HTMXDetails(request):
        return Response(None, status_code=HTTPStatus.OK, headers={"HX-Redirect": url, **headers})
    return Redirect(url, status_code=303, headers=dict(headers))


def _comes_from_elsewhere(request: ApiRequest) -> bool:
    """Whether a link of another site, or of a mail, was followed: then browsers withhold a cookie that they have."""
    return request.method in READ_METHODS and request.headers.get("sec-fetch-site") in _ELSEWHERE


def _ask_again(request: ApiRequest) -> Template:
    """Show a page that asks for the same one at once, as a page of this site, so that the cookie comes along."""
    look = PageLook(choose_page_language(request, Branding()))
    return render_page("sign_in/again.html", look, {"path": _find_page(request)}, headers={"Refresh": "0"})


def _find_page(request: ApiRequest) -> str:
    """Return the page to come back to: the one that was asked for, or into which a part was to be put."""
    current_url = HTMXDetails(request).current_url
    if current_url is not None:
        return read_path_of_url(current_url, DASHBOARD_PATH)
    if request.method not in READ_METHODS:
        return DASHBOARD_PATH
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return read_own_path(f"{path}?{query}" if query else path, DASHBOARD_PATH)
