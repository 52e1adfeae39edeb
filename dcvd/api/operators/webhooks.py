"""Webhooks of an organization, as operators see them, and free what is stuck."""

from typing import Final

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.http.parameters import Cursor, Limit, parse_choice, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.api.webhooks.delivery_filters import StatusFilter
from dcvd.api.webhooks.delivery_view import DeliveryAnswer, DeliveryList, delivery_view
from dcvd.api.webhooks.view import WebhookAnswer, WebhookList, webhook_view
from dcvd.core.webhooks.deliveries import DeliveryState, DeliveryStatus
from dcvd.core.webhooks.ordering import Ordering
from dcvd.services.webhooks import cancellations, delivery_history, endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks.delivery_history import DeliveryFilters


class WebhookOrdering(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the events of one domain wait for each other."""

    ordering: Ordering


@get("/webhooks", summary="List an organization's endpoints")
async def list_webhooks_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> WebhookList:
    """List an organization's endpoints, newest first."""
    page = await endpoints.list_page(request.context, organization.id, cursor=cursor, limit=parse_page_limit(limit))
    now = request.context.now()
    return WebhookList(webhooks=[webhook_view(row, now) for row in page.items], next_cursor=page.next_cursor)


@patch("/webhooks/{webhook_id:str}", summary="Change the ordering of an organization's endpoint")
async def order_webhook_of_organization(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    webhook_id: FromPath[str],
    data: JSONBody[WebhookOrdering],
) -> WebhookAnswer:
    """Change whether the endpoint's deliveries wait for each other, also those that wait already."""
    change = EndpointChange(ordering=data.ordering)
    endpoint = await endpoints.change(request.context, organization.id, webhook_id, change)
    return WebhookAnswer(webhook_view(endpoint, request.context.now()))


@get("/deliveries", summary="List an organization's deliveries")
async def list_deliveries_of_organization(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    status: StatusFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> DeliveryList:
    """List an organization's deliveries, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    filters = DeliveryFilters(status=parse_choice("status", status, DeliveryStatus))
    page = await delivery_history.list_page(
        request.context, organization.id, filters, cursor=cursor, limit=parse_page_limit(limit)
    )
    return DeliveryList(deliveries=[delivery_view(summary) for summary in page.items], next_cursor=page.next_cursor)


@post("/deliveries/{delivery_id:str}/retry", summary="Send an organization's delivery now", status_code=200)
async def retry_delivery_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], delivery_id: FromPath[str]
) -> DeliveryAnswer:
    """Make a delivery due at once, unless it waits for an earlier one of its domain."""
    return DeliveryAnswer(delivery_view(await delivery_history.retry(request.context, organization.id, delivery_id)))


@post("/deliveries/{delivery_id:str}/cancel", summary="Cancel an organization's delivery", status_code=200)
async def cancel_delivery_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], delivery_id: FromPath[str]
) -> DeliveryAnswer:
    """Give up a delivery that has not ended; the next one of its domain is due at once."""
    summary = await cancellations.cancel(request.context, organization.id, delivery_id)
    request.services.metrics.count_finished_delivery(DeliveryState.CANCELLED)
    return DeliveryAnswer(delivery_view(summary))


HANDLERS: Final[list[HTTPRouteHandler]] = [
    list_webhooks_of_organization,
    order_webhook_of_organization,
    list_deliveries_of_organization,
    retry_delivery_of_organization,
    cancel_delivery_of_organization,
]
