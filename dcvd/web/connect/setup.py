"""`/connect/{link}`: how far the domain of a link is, followed live."""

from functools import partial
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.links import LinkPurpose
from dcvd.http.request import ApiRequest
from dcvd.services.domain_setup import hurry_check, read_setup
from dcvd.services.domains import details
from dcvd.store.engine.transactions import Topic
from dcvd.web.connect.view import build_setup_view
from dcvd.web.connect.visit import Visit, open_visit
from dcvd.web.domains.addition import TypedAddition
from dcvd.web.pages.live import answer_changes

_NOTICES: Final = {
    "access_denied": "connect_failed_declined",
    "insufficient_scope": "connect_failed_scope",
    "quota_reached": "connect_failed_quota",
}


@get(["/{link_token:str}", "/new/{link_token:str}"])
async def show_page(request: ApiRequest, link_token: FromPath[str]) -> Template:
    """Show how far the domain is; before one was added, ask for its name."""
    visit = await open_visit(request, link_token)
    if visit.link.purpose is LinkPurpose.NEW and visit.link.domain_id is None:
        return visit.show("new", TypedAddition().view)
    return visit.show("domain", {"notice": _find_notice(visit), **await _read_view(visit)})


@get("/{link_token:str}/progress")
async def show_progress(request: ApiRequest, link_token: FromPath[str]) -> Template:
    """Show the part of the page that changes."""
    visit = await open_visit(request, link_token)
    return visit.show("setup", await _read_view(visit, is_part=True))


@post("/{link_token:str}/check", status_code=200)
async def check_now(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Check DNS and Cloudflare now, as far as the limits allow, and show what came of it."""
    visit = await open_visit(request, link_token)
    services = request.services
    result = await details.sync(
        request.context, services.checks, services.sync_limit, request.org_id, visit.domain_id, actor=request.actor
    )
    if not visit.is_partial:
        return visit.go_to()
    return visit.show("setup", await _read_view(visit, is_part=True, is_check_pending=not result.is_fresh))


@get("/{link_token:str}/changes")
async def follow_changes(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Tell the open page of each change (server-sent events)."""
    visit = await open_visit(request, link_token)
    hurry = partial(hurry_check, request.context, request.org_id, visit.domain_id, request.services.sync_limit.admit)
    return answer_changes(request, Topic.DOMAIN_CHANGES, visit.domain_id, hurry=hurry)


def _find_notice(visit: Visit) -> str | None:
    """Find what to say to somebody who comes back from their provider without a connection."""
    code = visit.request.query_params.get("failed")
    if code is None:
        return None
    return visit.words(_NOTICES.get(code, "connect_failed"), organization=visit.owner.shown_name)


async def _read_view(visit: Visit, *, is_part: bool = False, is_check_pending: bool = False) -> dict[str, Any]:
    setup = await read_setup(visit.request.context, visit.request.org_id, visit.domain_id)
    return build_setup_view(setup, visit.owner, visit.words, is_part=is_part, is_check_pending=is_check_pending)


HANDLERS: Final[list[HTTPRouteHandler]] = [show_page, show_progress, check_now, follow_changes]
