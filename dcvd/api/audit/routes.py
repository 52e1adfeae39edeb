"""`/api/audit`: who changed what in an organization."""

from typing import Annotated, Final

from litestar import get

from dcvd.api.audit.view import AuditList, audit_list
from dcvd.core.audit import AuditAction
from dcvd.http.answers.instants import parse_instant
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services import audit
from dcvd.store.audit import AuditFilters

ActorFilter = Annotated[
    str | None, query_parameter("actor", "Only what this actor changed, such as `token:` and a token's id.")
]
ActionFilter = Annotated[str | None, query_parameter("action", "Only changes of this kind.", enum=list(AuditAction))]
ObjectFilter = Annotated[str | None, query_parameter("objectId", "Only changes of the object with this id.")]
Since = Annotated[str | None, query_parameter("since", "Only changes from this instant on.", format="date-time")]
Until = Annotated[str | None, query_parameter("until", "Only changes before this instant.", format="date-time")]


@get("", summary="List who changed what")
async def list_audit(
    request: ApiRequest,
    actor: ActorFilter = None,
    action: ActionFilter = None,
    object_id: ObjectFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> AuditList:
    """List every change, newest first, for admins and owners.

    A page with a filter looks through the next 2,000 entries: it may have fewer than `limit`, or none, and still a
    `nextCursor`. Go on until that is null.

    Each entry holds the hash of the one before, so that a changed or removed one shows.
    """
    filters = read_filters(actor, action, object_id, since, until)
    page_limit = parse_page_limit(limit)
    return audit_list(await audit.list_page(request.context, request.org_id, filters, cursor=cursor, limit=page_limit))


def read_filters(
    actor: str | None, action: str | None, object_id: str | None, since: str | None, until: str | None
) -> AuditFilters:
    """Parse the conditions of a list. Raises InvalidInput."""
    return AuditFilters(
        actor=actor,
        action=parse_choice("action", action, AuditAction),
        object_id=object_id,
        since=parse_instant("since", since),
        until=parse_instant("until", until),
    )


ROUTER: Final = Router(
    "/audit", route_handlers=[list_audit], opt={"subject": "audit", "needs_admin": True}, tags=["Audit"]
)
