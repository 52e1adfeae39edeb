"""All pages, for the application."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler, Guard

from dcvd.core.links import PAGE_ROOT
from dcvd.http.access.authentication import authenticate_link
from dcvd.http.access.session_authentication import (
    authenticate_acting_session,
    authenticate_operator_session,
    authenticate_tenant_session,
)
from dcvd.http.page_routes import ANY_QUERY, PageRoutes
from dcvd.http.router import Router
from dcvd.web.alerts import contact_links, questions
from dcvd.web.connect import addition, embedding, provider, setup
from dcvd.web.dashboard.operator.routes import ROUTERS as OPERATOR_ROUTERS
from dcvd.web.dashboard.routes import ROUTERS as DASHBOARD_ROUTERS
from dcvd.web.members import invitations
from dcvd.web.pages import assets
from dcvd.web.pages.engine import TEMPLATE_CONFIG
from dcvd.web.pages.failures import show_failure
from dcvd.web.returns import domain_connect, oauth_callback
from dcvd.web.sign_in import routes as sign_in
from dcvd.web.sign_in.redirection import (
    ACTING_PATH,
    DASHBOARD_PATH,
    OPERATOR_PATH,
    SIGN_IN_PATH,
    show_failure_or_sign_in,
    show_missing_page,
)

_CONNECT: Final = Router(
    PAGE_ROOT,
    route_handlers=[*setup.HANDLERS, *addition.HANDLERS, *provider.HANDLERS],
    guards=[authenticate_link],
    exception_handlers={Exception: show_failure},
    opt={"subject": "links", "limited": True, "link": True, ANY_QUERY: True},
    include_in_schema=False,
)


def _build_dashboard(path: str, handlers: Sequence[ControllerRouterHandler], guard: Guard) -> Router:
    """Build the pages of one root of the dashboard."""
    return Router(
        path,
        route_handlers=handlers,
        guards=[guard],
        exception_handlers={Exception: show_failure_or_sign_in},
        opt={"subject": None, "limited": True, ANY_QUERY: True},
        include_in_schema=False,
    )


PAGES: Final = PageRoutes(
    routers=(
        _CONNECT,
        sign_in.ROUTER,
        _build_dashboard(DASHBOARD_PATH, DASHBOARD_ROUTERS, authenticate_tenant_session),
        _build_dashboard(f"{ACTING_PATH}/{{org_id:str}}", DASHBOARD_ROUTERS, authenticate_acting_session),
        _build_dashboard(OPERATOR_PATH, OPERATOR_ROUTERS, authenticate_operator_session),
        oauth_callback.ROUTER,
        domain_connect.ROUTER,
        contact_links.ROUTER,
        questions.ROUTER,
        invitations.ROUTER,
        embedding.ROUTER,
        assets.ROUTER,
    ),
    template_config=TEMPLATE_CONFIG,
    roots=(PAGE_ROOT, SIGN_IN_PATH, DASHBOARD_PATH),
    show_missing=show_missing_page,
)
