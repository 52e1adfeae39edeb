"""`/dashboard/operator/domains`: the domains of all organizations, whose each is, and why it does not work."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.instants import DAY
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, DcvdError, InvalidInput, NotFound
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services import organizations
from dcvd.services.domains import moves, overview
from dcvd.services.domains.overview import DomainOverview
from dcvd.services.domains.queries import DomainQuery
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import Visit, open_operator_visit

_EXPIRIES: Final = {"7": 7 * DAY, "14": 14 * DAY, "30": 30 * DAY}
_FLAGS: Final = {"true": True, "false": False}
_MAX_SAME: Final = 20


@get("/domains")
async def list_domains(request: ApiRequest) -> Template:
    """List domains with whose they are and what there is to do. The name may be a part, or a pasted URL."""
    visit, filters = open_operator_visit(request), Filters(request)
    org_id, query = await filters.find_organization_id(), _read_query(request, filters)
    page = await overview.list_page(request.context, query, org_id=org_id, cursor=filters.cursor, limit=DEFAULT_LIMIT)
    return visit.show(
        "operator/domains",
        {
            "rows": [(found, _summarize(visit, found)) for found in page.items],
            "statuses": [each.value for each in DomainStatus],
            "actors": [each.value for each in Awaited],
            "expiries": list(_EXPIRIES),
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": org_id is not None or query != DomainQuery(),
        },
    )


@get("/domains/{domain_id:str}")
async def show_domain(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Show whose a domain is and why it does not work, who else has its name, and the way to another organization."""
    return await _show(open_operator_visit(request), domain_id)


@post("/domains/{domain_id:str}/move", status_code=200)
async def move_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any] | Template:
    """Give the name of a domain to another organization, with its hostname at Cloudflare."""
    visit, form = open_operator_visit(request), await read_form(request)
    name, receiver = (await overview.get(request.context, domain_id)).detail.domain.name, form.get("organization", "")
    try:
        if not receiver.strip():
            raise InvalidInput("organization", word("operator_move_to_whom"))
        organization = await organizations.find(request.context, receiver.strip())
        moved = await moves.move(request.context, organization.id, name)
    except (InvalidInput, NotFound, Conflict) as error:
        return await _show(visit, domain_id, receiver, error, HTTPStatus.BAD_REQUEST)
    return visit.go_to(f"/domains/{moved.id}", done="done_domain_moved")


def _read_query(request: ApiRequest, filters: Filters) -> DomainQuery:
    expires, ready = filters.read("expires"), filters.read("ready")
    return DomainQuery(
        search=filters.read("search"),
        status=filters.choose("status", DomainStatus),
        awaited=filters.choose("actor", Awaited),
        is_ready=None if ready is None else _FLAGS.get(ready),
        is_stuck=filters.read("stuck") == "true",
        reason=overview.parse_reason(filters.read("reason")),
        expires_before=request.context.now() + _EXPIRIES[expires] if expires in _EXPIRIES else None,
    )


async def _show(
    visit: Visit, domain_id: str, receiver: str = "", fault: DcvdError | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Template:
    context = visit.request.context
    found = await overview.get(context, domain_id)
    same_name = DomainQuery(name=found.detail.domain.name)
    same = await overview.list_page(context, same_name, org_id=None, cursor=None, limit=_MAX_SAME)
    return visit.show(
        "operator/domain",
        {
            "found": found,
            "summary": _summarize(visit, found),
            "others": [each for each in same.items if each.detail.domain.id != domain_id],
            "receiver": receiver,
            "fault": fault,
        },
        status=status,
    )


def _summarize(visit: Visit, found: DomainOverview) -> str:
    detail, now = found.detail, visit.request.context.now()
    return summarize_domain(detail.domain, detail.findings, visit.look.language, now=now)


HANDLERS: Final[list[HTTPRouteHandler]] = [list_domains, show_domain, move_domain]
