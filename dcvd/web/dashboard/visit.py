"""A visit to a page of the dashboard: who looks, and with which token."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar.response import Template
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.core.tokens.token import Token
from dcvd.http.access.session_authentication import read_csrf_token
from dcvd.http.answer_headers import OWN_REFERRER
from dcvd.http.request import ApiRequest
from dcvd.services.domain_setup import read_owner
from dcvd.services.tokens import queries
from dcvd.web.pages.failures import LOOK
from dcvd.web.pages.page import PageLook, choose_page_language, render_page


class Visit(Struct, frozen=True):
    """What every page of the dashboard needs. token: the one with whose rights the browser acts."""

    request: ApiRequest
    look: PageLook
    token: Token

    def show(self, name: str, context: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK) -> Template:
        """Render one of the templates of `dashboard/`."""
        frame = {
            "csrf_token": read_csrf_token(self.request.scope),
            "token": self.token,
            "role": self.request.auth.role,
            "path": self.request.scope["path"],
        }
        return render_page(
            f"dashboard/{name}.html", self.look, {**frame, **context}, status=status, headers=OWN_REFERRER
        )


async def open_visit(request: ApiRequest) -> Visit:
    """Begin to answer a request for a page of the dashboard, whose browser the guard has authenticated."""
    owner = await read_owner(request.context, request.org_id)
    look = PageLook(choose_page_language(request, Branding()), organization=owner.name)
    request.scope["state"][LOOK] = look
    return Visit(request, look, await queries.get(request.context, request.org_id, request.auth.id))
