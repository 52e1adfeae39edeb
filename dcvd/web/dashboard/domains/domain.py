"""`/dashboard/domains/{id}`: the verdict on one domain, what it comes from, and what became of it."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.domains.additions import DomainRequest
from dcvd.http.request import ApiRequest
from dcvd.services import timeline
from dcvd.services.domains import details, queries
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.domains.view import read_view
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.objects import find_places
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.pages.live import answer_changes

_HISTORY_SIZE: Final = 50


@get("/domains/{domain_id:str}")
async def show_domain(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Show all that is known of a domain."""
    visit = await open_visit(request)
    return visit.show("domains/domain", await read_view(visit, domain_id))


@get_changes("/domains/{domain_id:str}/changes")
async def follow_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any]:
    """Tell the open page of each change (server-sent events)."""
    await queries.get(request.context, request.org_id, domain_id)
    return answer_changes(request, Topic.DOMAIN_CHANGES, domain_id)


@get("/domains/{domain_id:str}/history")
async def show_history(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Show what happened to a domain, the newest first; also to one that was removed."""
    visit = await open_visit(request)
    page = await timeline.list_page(
        request.context,
        request.org_id,
        domain_id,
        newest_first=True,
        cursor=request.query_params.get("cursor"),
        limit=_HISTORY_SIZE,
    )
    return visit.show(
        "domains/history",
        {
            "domain_id": domain_id,
            "is_removed": not await find_places(visit, [domain_id]),
            "history": page.items,
            "next_url": visit.link_next(page.next_cursor),
        },
    )


@get("/domains/{domain_id:str}/answers")
async def show_answers(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Ask DNS now, and show what each name server and resolver answered; nothing of it is stored."""
    visit = await open_visit(request)
    domain = await queries.get(request.context, request.org_id, domain_id)
    preview = await request.services.diagnoser.preview(
        request.org_id,
        DomainRequest(
            domain_name=domain.name, validation=None if domain.wildcard else domain.validation, wildcard=domain.wildcard
        ),
        caller=request.auth,
        is_explained=True,
    )
    observation = preview.observation
    return visit.show(
        "domains/answers",
        {
            "domain": domain,
            "preview": preview,
            "facts": None if observation is None else observation.facts,
            "queries": () if observation is None else observation.queries,
        },
    )


@post("/domains/{domain_id:str}/check", status_code=200)
async def check_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any]:
    """Check a domain now, as far as the limits and the time allow."""
    visit = await open_visit(request)
    services = request.services
    result = await details.sync(
        request.context, services.checks, services.sync_limit, request.org_id, domain_id, actor=request.actor
    )
    done = "done_domain_checked" if result.is_fresh else "done_domain_checked_later"
    return visit.go_to(f"/domains/{domain_id}", done=done)


HANDLERS: Final[list[HTTPRouteHandler]] = [show_domain, follow_domain, show_history, show_answers, check_domain]
