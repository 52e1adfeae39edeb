"""`/operator/all/audit`: who changed what, in all organizations and in the daemon itself."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from dcvd.api.audit.routes import ActionFilter, ActorFilter, ObjectFilter, Since, Until, read_filters
from dcvd.api.operators.all.references import OrganizationFilter
from dcvd.api.operators.all.views import OrganizationAuditList, organization_audit_entry_view
from dcvd.core.audit import DAEMON_CHAIN
from dcvd.errors import InvalidInput
from dcvd.http.parameters import Cursor, Limit, parse_flag, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services import audit, organizations
from dcvd.services.organizations.owners import find_wanted_id

OwnFilter = Annotated[
    str | None,
    query_parameter("own", "`true`: only what concerns no organization, or one that was deleted.", type="boolean"),
]


@get("/audit", summary="List who changed what in all organizations")
async def list_audit_of_all(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    own: OwnFilter = None,
    actor: ActorFilter = None,
    action: ActionFilter = None,
    object_id: ObjectFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationAuditList:
    """List changes, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    is_own = parse_flag("own", own)
    if is_own and organization is not None:
        raise InvalidInput("own", "own and organization exclude each other: give one of them.")
    org_id = DAEMON_CHAIN if is_own else await find_wanted_id(request.context, organization)
    filters = replace(read_filters(actor, action, object_id, since, until), org_id=org_id)
    page = await audit.list_page_of_all(request.context, filters, cursor=cursor, limit=parse_page_limit(limit))
    names = await organizations.read_names(request.context, {entry.org_id for entry in page.items})
    return OrganizationAuditList(
        audit=[organization_audit_entry_view(entry, names.get(entry.org_id)) for entry in page.items],
        next_cursor=page.next_cursor,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_audit_of_all]
