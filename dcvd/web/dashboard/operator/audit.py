"""`/dashboard/operator/audit`: who changed what, in all organizations and in the daemon itself."""

from typing import Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.audit import DAEMON_CHAIN, AuditAction
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.services import audit, organizations
from dcvd.store.audit import AuditFilters
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.audit.routes import name_action
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit


@get("/audit")
async def list_audit(request: ApiRequest) -> Template:
    """List changes, newest first."""
    visit, filters = open_operator_visit(request), Filters(request)
    is_own = filters.read("own") is not None
    wanted = AuditFilters(
        org_id=DAEMON_CHAIN if is_own else await filters.find_organization_id(),
        actor=filters.read("actor"),
        action=parse_choice("action", filters.read("action"), AuditAction),
        object_id=filters.read("object"),
    )
    page = await audit.list_page_of_all(request.context, wanted, cursor=filters.cursor, limit=DEFAULT_LIMIT)
    return visit.show(
        "operator/audit",
        {
            "entries": page.items,
            "names": await organizations.read_names(request.context, {entry.org_id for entry in page.items}),
            "daemon_chain": DAEMON_CHAIN,
            "actions": [(each.value, name_action(visit, each.value)) for each in AuditAction],
            "name": lambda action: name_action(visit, action),
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": wanted != AuditFilters(),
        },
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_audit]
