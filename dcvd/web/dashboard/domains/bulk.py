"""`/dashboard/domains/…`: what is done with the domains that were chosen in the list."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from dcvd.core.domains.bulk import DomainReference, RemoveLine, fingerprint_line
from dcvd.http.forms import read_choices, read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import bulk, bulk_checks, queries
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_removals import BulkRemovals
from dcvd.web.dashboard.domains.domain_list import PAGE_SIZE
from dcvd.web.dashboard.domains.list_query import write_list_query
from dcvd.web.dashboard.visit import open_visit

_FIELD: Final = "domain_id"


@post("/domains/check", status_code=200)
async def check_chosen(request: ApiRequest) -> Response[Any]:
    """Have the chosen domains checked now, as far as the limits allow."""
    visit, place = await open_visit(request), _find_list(request)
    chosen = (await read_choices(request, _FIELD))[:PAGE_SIZE]
    if not chosen:
        return visit.go_to(place, done="done_domains_none_chosen")
    is_whole = await bulk_checks.check_chosen(
        request.context, request.services.sync_limit, request.org_id, chosen, actor=request.actor
    )
    return visit.go_to(place, done="done_domains_checked" if is_whole else "done_domains_checked_partly")


@post("/domains/remove", status_code=200)
async def remove_chosen(request: ApiRequest) -> Response[Any]:
    """Remove the chosen domains, after the question whether they are meant."""
    visit, place = await open_visit(request), _find_list(request)
    form, chosen = await read_form(request), (await read_choices(request, _FIELD))[:PAGE_SIZE]
    domains = await queries.list_chosen(request.context, request.org_id, chosen)
    if not domains:
        return visit.go_to(place, done="done_domains_none_chosen")
    if form.get("confirmed") != "true":
        return visit.show(
            "domains/remove_chosen", {"domains": domains, "list_query": write_list_query(request.query_params)}
        )
    call = BulkRequest(org_id=request.org_id, actor=request.actor, remove_records=form.get("remove_records") == "true")
    lines = [
        RemoveLine(
            number=number,
            fingerprint=fingerprint_line("remove", domain.id.encode()),
            name=domain.name,
            content=DomainReference(id=domain.id),
        )
        for number, domain in enumerate(domains, 1)
    ]
    results = await bulk.run_whole(request.context, call, lines, BulkRemovals(request.context, call).remove_lines)
    is_whole = all(result.result.outcome == "removed" for result in results)
    return visit.go_to(place, done="done_domains_removed" if is_whole else "done_domains_removed_partly")


def _find_list(request: ApiRequest) -> str:
    """Return where the list is as it was filtered."""
    return f"/domains{write_list_query(request.query_params)}"


HANDLERS: Final[list[HTTPRouteHandler]] = [check_chosen, remove_chosen]
