"""`/dashboard/operator/organizations/{org_id}`: one organization, what it may have, and whether it may go on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.http.entity_tags import parse_precondition
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, InvalidInput, PreconditionFailed
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.lifecycle import deregistrations
from dcvd.services.organizations.overview import read_overview
from dcvd.services.organizations.registry import tag_organization
from dcvd.services.organizations.summaries import COUNTED_UP_TO
from dcvd.services.tokens import suspension
from dcvd.web.dashboard.operator.quota_form import list_limits, read_limits
from dcvd.web.dashboard.typed import Faults
from dcvd.web.dashboard.visit import Visit, open_operator_visit

_PATH: Final = "/organizations/{org_id:str}"


@get(_PATH)
async def show_organization(request: ApiRequest, org_id: FromPath[str]) -> Template:
    """Show an organization with its quotas and how much it has of each thing."""
    await request.services.token_usage.try_to_store(request.context)
    return await _show(open_operator_visit(request), org_id)


@post(_PATH, status_code=200)
async def change_organization(request: ApiRequest, org_id: FromPath[str]) -> Response[Any] | Template:
    """Rename an organization, and set its quotas, unless somebody else has changed them meanwhile."""
    visit, form = open_operator_visit(request), await read_form(request)
    try:
        await organizations.change(
            request.context,
            org_id,
            name=form.get("name"),
            quotas=read_limits(form),
            precondition=parse_precondition(form.get("tag")),
        )
    except InvalidInput as error:
        field = error.field.removeprefix("quotas.")
        fault: Faults = {field if field in form else "": error}
        return await _show(visit, org_id, form, fault, status=HTTPStatus.BAD_REQUEST)
    except (Conflict, PreconditionFailed) as error:
        return await _show(visit, org_id, form, {"name": error}, status=HTTPStatus.CONFLICT)
    return visit.go_to(f"/organizations/{org_id}", done="done_organization_changed")


@post(f"{_PATH}/suspend", status_code=200)
async def suspend_organization(request: ApiRequest, org_id: FromPath[str]) -> Response[Any]:
    """Refuse the organization's tokens from now on. Checks of its domains and deliveries go on."""
    visit = open_operator_visit(request)
    await suspension.suspend(request.context, org_id)
    return visit.go_to(f"/organizations/{org_id}", done="done_organization_suspended")


@post(f"{_PATH}/resume", status_code=200)
async def resume_organization(request: ApiRequest, org_id: FromPath[str]) -> Response[Any]:
    """Let the organization's tokens work again."""
    visit = open_operator_visit(request)
    await suspension.resume(request.context, org_id)
    return visit.go_to(f"/organizations/{org_id}", done="done_organization_resumed")


@post(f"{_PATH}/delete", status_code=200)
async def delete_organization(request: ApiRequest, org_id: FromPath[str]) -> Response[Any] | Template:
    """Begin to delete an organization, whose name was typed, with everything of its own; also what was refused."""
    visit, form = open_operator_visit(request), await read_form(request)
    name = (await organizations.find(request.context, org_id)).name
    if form.get("typed_name", "").strip() != name:
        fault: Faults = {"typed_name": InvalidInput("typed_name", word("operator_name_differs", name=name))}
        return await _show(visit, org_id, faults=fault, status=HTTPStatus.BAD_REQUEST)
    await deregistrations.delete_organization(request.context, org_id, leave_hostnames="leave_hostnames" in form)
    return visit.go_to(f"/organizations/{org_id}", done="done_organization_deletion_begun")


async def _show(
    visit: Visit,
    org_id: str,
    typed: Mapping[str, str] | None = None,
    faults: Faults | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    overview = await read_overview(visit.request.context, org_id)
    found = overview.summary.organization
    return visit.show(
        "operator/organization",
        {
            "overview": overview,
            "found": found,
            "name": found.name if typed is None else typed.get("name", found.name),
            "tag": tag_organization(found, overview.own_quotas),
            "limits": list_limits(overview, typed),
            "faults": faults or {},
            "counted_up_to": COUNTED_UP_TO,
        },
        status=status,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [
    show_organization,
    change_organization,
    suspend_organization,
    resume_organization,
    delete_organization,
]
