"""`/dashboard/domains/new`: a developer or their support adds a domain."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.errors import Conflict
from dcvd.http.request import ApiRequest
from dcvd.services.typed_names import MAX_TYPED_CHARS
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.domains.addition import TypedAddition, add_typed


@get("/domains/new")
async def show_form(request: ApiRequest) -> Template:
    """Ask for the name."""
    visit = await open_visit(request)
    typed = request.query_params.get("domain", "")[:MAX_TYPED_CHARS]
    return visit.show("domains/new", TypedAddition(typed=typed).view)


@post("/domains/new", status_code=200)
async def add_domain(request: ApiRequest) -> Response[Any]:
    """Add the name, or ask first; one that is there is shown."""
    visit = await open_visit(request)
    try:
        addition = await add_typed(request)
    except Conflict as error:
        if error.existing_id is None:
            raise
        return visit.go_to(f"/domains/{error.existing_id}", done="done_domain_exists")
    if addition.domain is None:
        return visit.show("domains/new", addition.view, status=addition.status)
    return visit.go_to(f"/domains/{addition.domain.id}", done="done_domain_added")


HANDLERS: Final[list[HTTPRouteHandler]] = [show_form, add_domain]
