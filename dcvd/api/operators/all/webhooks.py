"""`/operator/all/webhooks`: the endpoints of all organizations."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import (
    OrganizationWebhook,
    OrganizationWebhookAnswer,
    OrganizationWebhookList,
    extend_view,
)
from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.api.webhooks.view import webhook_view, with_rates, with_refusals
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointCondition
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services.organizations.owners import find_wanted_id
from dcvd.services.webhooks import delivery_history, endpoint_lists, event_refusals
from dcvd.services.webhooks.endpoint_lists import EndpointFilters

HealthFilter = Annotated[
    str | None,
    query_parameter("health", "Only of this health, or paused for a while.", enum=list(EndpointCondition)),
]
WebhookFilter = Annotated[str | None, query_parameter("webhook", "Only those with this id, URL or name.")]


@get("/webhooks", summary="List the endpoints of all organizations")
async def list_webhooks(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    health: HealthFilter = None,
    webhook: WebhookFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationWebhookList:
    """List endpoints, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    filters = EndpointFilters(
        org_id=await find_wanted_id(request.context, organization),
        condition=parse_choice("health", health, EndpointCondition),
        called=webhook,
    )
    page = await endpoint_lists.list_page(request.context, filters, cursor=cursor, limit=parse_page_limit(limit))
    now = request.context.now()

    def show(endpoint: Endpoint, organization: OrganizationReference) -> OrganizationWebhook:
        return extend_view(OrganizationWebhook, webhook_view(endpoint, now), organization)

    views = await add_organizations(request, page.items, lambda endpoint: endpoint.org_id, show)
    return OrganizationWebhookList(webhooks=views, next_cursor=page.next_cursor)


@get("/webhooks/{webhook_id:str}", summary="Show an endpoint of any organization")
async def show_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> OrganizationWebhookAnswer:
    """Show an endpoint with its health and its rates, without its secrets."""
    context = request.context
    endpoint, rates = await delivery_history.get_endpoint(context, None, webhook_id)
    refusals = await event_refusals.list_lasting(context, webhook_id)
    view = with_refusals(with_rates(webhook_view(endpoint, context.now()), rates), refusals)
    return OrganizationWebhookAnswer(
        extend_view(OrganizationWebhook, view, await get_reference(request, endpoint.org_id))
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [list_webhooks, show_webhook]
