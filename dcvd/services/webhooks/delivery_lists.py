"""Lists of deliveries with what people call their endpoints and domains."""

from collections.abc import Mapping

from msgspec import Struct

from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.services.context import Context
from dcvd.services.webhooks.delivery_history import DeliverySummary, build_page_query
from dcvd.store import domains
from dcvd.store.engine.paging import Page
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import endpoints
from dcvd.store.webhooks.delivery_history import DeliveryFilters


class NamedDeliveries(Struct, frozen=True, kw_only=True):
    """A page of deliveries, their endpoints by id, and the names of those of their domains that are not removed."""

    page: Page[DeliverySummary]
    endpoints: Mapping[str, Endpoint]
    domain_names: Mapping[str, str]


async def list_page(
    context: Context, org_id: str, filters: DeliveryFilters, *, cursor: str | None, limit: int
) -> NamedDeliveries:
    """List deliveries, newest first, as `delivery_history.list_page` does, and raise what it raises."""
    find_page = build_page_query(context, org_id, filters, cursor=cursor, limit=limit)

    def query(snapshot: Snapshot) -> NamedDeliveries:
        page = find_page(snapshot)
        deliveries = [summary.delivery for summary in page.items]
        domain_ids = {delivery.domain_id for delivery in deliveries if delivery.domain_id is not None}
        return NamedDeliveries(
            page=page,
            endpoints=endpoints.find_by_ids(snapshot, {delivery.endpoint_id for delivery in deliveries}),
            domain_names=domains.find_names(snapshot, domain_ids),
        )

    return await context.database.read(query)
