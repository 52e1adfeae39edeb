"""`/operator/all/deliveries`: the deliveries to the endpoints of all organizations."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import (
    OrganizationDelivery,
    OrganizationDeliveryAnswer,
    OrganizationDeliveryList,
    extend_view,
    organization_delivery_view,
)
from dcvd.api.webhooks.delivery_filters import EventFilter, RequestFilter, Since, StatusFilter, Until
from dcvd.api.webhooks.delivery_view import delivery_history
from dcvd.core.events import read_domain_name
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.http.answers.instants import parse_instant
from dcvd.http.parameters import (
    Cursor,
    Limit,
    parse_choice,
    parse_event_types,
    parse_page_limit,
    query_parameter,
)
from dcvd.http.request import ApiRequest
from dcvd.services.domains import names
from dcvd.services.organizations.owners import find_wanted_id
from dcvd.services.webhooks import delivery_history as history
from dcvd.store.webhooks.delivery_history import DeliveryFilters

DomainFilter = Annotated[str | None, query_parameter("domain", "Only about this domain, by its id or name.")]
WebhookFilter = Annotated[str | None, query_parameter("webhookId", "Only to this endpoint.")]


@get("/deliveries", summary="List the deliveries of all organizations")
async def list_deliveries(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    status: StatusFilter = None,
    webhook_id: WebhookFilter = None,
    event: EventFilter = None,
    domain: DomainFilter = None,
    since: Since = None,
    until: Until = None,
    request_id: RequestFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationDeliveryList:
    """List deliveries, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    org_id = await find_wanted_id(request.context, organization)
    filters = DeliveryFilters(
        endpoint_id=webhook_id,
        status=parse_choice("status", status, DeliveryStatus),
        event_types=parse_event_types("event", event),
        domain_id=None if domain is None else await names.find_id(request.context, domain, org_id=org_id),
        since=parse_instant("since", since),
        until=parse_instant("until", until),
        request_id=request_id,
    )
    page_limit = parse_page_limit(limit)
    page = await history.list_page(request.context, org_id, filters, cursor=cursor, limit=page_limit)
    views = await add_organizations(
        request, page.items, lambda summary: summary.delivery.org_id, organization_delivery_view
    )
    return OrganizationDeliveryList(deliveries=views, next_cursor=page.next_cursor)


@get("/deliveries/{delivery_id:str}", summary="Show a delivery of any organization")
async def show_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> OrganizationDeliveryAnswer:
    """Show a delivery with its body and every attempt."""
    detail = await history.get(request.context, None, delivery_id)
    organization = await get_reference(request, detail.summary.delivery.org_id)
    shown = delivery_history(detail)
    return OrganizationDeliveryAnswer(
        delivery=extend_view(OrganizationDelivery, shown.delivery, organization),
        url=detail.endpoint.url,
        domain_name=read_domain_name(detail.event.body),
        attempts=shown.attempts,
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_deliveries, show_delivery]
