"""`/dashboard/domains/{id}/…`: have the records written through a connection, after a look at the plan; undo that."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import queries
from dcvd.services.records.plans import RecordRequest
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.domains.planned_changes import list_changes


@post("/domains/{domain_id:str}/plan", status_code=200)
async def show_plan(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Show what would be written, and what is in the way."""
    visit = await open_visit(request)
    connection_id = (await read_form(request)).get("connection") or None
    plan = await _build_record_request(request, domain_id).plan_write(connection_id=connection_id, replace=True)
    return visit.show(
        "domains/plan",
        {
            "domain": await queries.get(request.context, request.org_id, domain_id),
            "connection_id": plan.connection_id,
            "changes": list_changes(plan, visit.look.language),
            "is_blocked": bool(plan.obstacles),
            "replace": bool(plan.replaceable),
        },
    )


@post("/domains/{domain_id:str}/write", status_code=200)
async def write_records(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any]:
    """Start the job that writes the records as they were planned."""
    visit = await open_visit(request)
    form = await read_form(request)
    await _build_record_request(request, domain_id).write(
        connection_id=form.get("connection") or None, replace=form.get("replace") == "true", actor=request.actor
    )
    return visit.go_to(f"/domains/{domain_id}", done="done_domain_written")


@post("/domains/{domain_id:str}/undo", status_code=200)
async def undo_records(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any]:
    """Start the job that puts back the records from before."""
    visit = await open_visit(request)
    await _build_record_request(request, domain_id).undo(actor=request.actor)
    return visit.go_to(f"/domains/{domain_id}", done="done_domain_undone")


def _build_record_request(request: ApiRequest, domain_id: str) -> RecordRequest:
    services = request.services
    return RecordRequest(request.context, services.access, services.dns_plan_limit, request.org_id, domain_id)


HANDLERS: Final[list[HTTPRouteHandler]] = [show_plan, write_records, undo_records]
