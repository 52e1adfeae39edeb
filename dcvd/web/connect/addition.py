"""`/connect/{link}/domain`: a customer types the name that is to be added."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.http.request import ApiRequest
from dcvd.web.connect.visit import open_visit
from dcvd.web.domains.addition import add_typed


@post("/{link_token:str}/domain", status_code=200)
async def add_domain(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Add the name, or ask first; a link that has its domain is refused any other one."""
    visit = await open_visit(request, link_token)
    addition = await add_typed(request, may_ask=visit.link.domain_id is None)
    if addition.domain is None:
        return visit.show("new", addition.view, status=addition.status)
    return visit.go_to()


HANDLERS: Final[list[HTTPRouteHandler]] = [add_domain]
