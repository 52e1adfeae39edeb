"""Lists of the endpoints of all organizations, for operators."""

from functools import partial

from msgspec import Struct

from dcvd.core.operators import is_wanted_organization
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointCondition, HealthState, is_in_condition
from dcvd.services.context import Context
from dcvd.store.engine.paging import MAX_EXAMINED, Page, collect_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import endpoints


class EndpointFilters(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition. called: the endpoint's id, its URL or its name."""

    org_id: str | None = None
    condition: EndpointCondition | None = None
    called: str | None = None


async def list_page(
    context: Context, filters: EndpointFilters, *, cursor: str | None, limit: int, max_examined: int = MAX_EXAMINED
) -> Page[Endpoint]:
    """List endpoints, newest first, out of the next that are examined. A page may be short, and have a next one."""
    before, now = decode_cursor(cursor), context.now()

    def matches(endpoint: Endpoint) -> bool:
        return (
            is_wanted_organization(filters.org_id, endpoint.org_id)
            and (filters.condition is None or is_in_condition(endpoint.health, filters.condition, now))
            and filters.called in (None, endpoint.id, endpoint.url, endpoint.name)
        )

    return await context.database.read(
        lambda snapshot: collect_page(
            partial(_fetch, snapshot, filters, now),
            before,
            limit=limit,
            matches=matches,
            key=lambda endpoint: endpoint.id,
            max_examined=max_examined,
        )
    )


def _fetch(snapshot: Snapshot, filters: EndpointFilters, now: int, before: str | None, count: int) -> list[Endpoint]:
    """Fetch the next endpoints by the index that has the fewest beside the wanted ones."""
    if filters.called is not None:
        return endpoints.list_called(snapshot, filters.called, before=before, limit=count)
    if filters.org_id is not None:
        return endpoints.list_of_org(snapshot, filters.org_id, before=before, limit=count)
    if filters.condition is EndpointCondition.PAUSED:
        return endpoints.list_paused(snapshot, now, before=before, limit=count)
    health = None if filters.condition is None else HealthState(filters.condition)
    return endpoints.list_of_all(snapshot, health=health, before=before, limit=count)
