"""`/api/webhooks`."""

from typing import Final

from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.documentation import problems
from dcvd.api.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.api.webhooks.view import WebhookAnswer, WebhookList, webhook_view, with_rates, with_secrets
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries


class NewWebhook(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where to send, and which events; `headers` are sent with each delivery, their values are never shown again."""

    url: str
    events: list[str]
    max_per_second: int | None = None
    headers: dict[str, str] = {}


class WebhookChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is absent stays as it is. `maxPerSecond` null: no limit; `headers` replace all that there were.

    `replay` goes with `"enabled": true`: whether what was held for a disabled webhook is sent.
    """

    url: str | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    max_per_second: int | UnsetType | None = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    replay: HeldDeliveries = HeldDeliveries.HELD


@post("", summary="Add a webhook", status_code=201, responses=problems(400, 403, 413, 415))
async def add_webhook(request: ApiRequest, data: JSONBody[NewWebhook]) -> Response[WebhookAnswer]:
    """The secrets are in this answer and never again."""
    context = request.context
    endpoint, secret = await endpoints.create(
        context,
        request.org_id,
        url=data.url,
        events=data.events,
        max_per_second=data.max_per_second,
        headers=data.headers,
    )
    view = with_secrets(webhook_view(endpoint, context.now()), secret)
    return Response(WebhookAnswer(view), headers={"Location": f"/api/webhooks/{endpoint.id}"})


@get("", summary="List the webhooks", responses=problems(400))
async def list_webhooks(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> WebhookList:
    """Newest first."""
    found = await endpoints.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    now = request.context.now()
    return WebhookList(webhooks=[webhook_view(row, now) for row in found.items], next_cursor=found.next_cursor)


@get("/{webhook_id:str}", summary="Show a webhook", responses=problems(404))
async def get_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> WebhookAnswer:
    """With its health and its rates, without its secrets."""
    context = request.context
    endpoint = await endpoints.get(context, request.org_id, webhook_id)
    rates = await delivery_history.compute_rates(context, endpoint.id)
    return WebhookAnswer(with_rates(webhook_view(endpoint, context.now()), rates))


@patch("/{webhook_id:str}", summary="Change a webhook", responses=problems(400, 403, 404, 413, 415))
async def change_webhook(
    request: ApiRequest, webhook_id: FromPath[str], data: JSONBody[WebhookChange]
) -> WebhookAnswer:
    """What waits for delivery goes to the new address. Enabling starts its health anew."""
    change = EndpointChange(
        url=data.url,
        events=data.events,
        max_per_second=data.max_per_second,
        headers=data.headers,
        enabled=data.enabled,
        replay=data.replay,
    )
    endpoint = await endpoints.change(request.context, request.org_id, webhook_id, change)
    return WebhookAnswer(webhook_view(endpoint, request.context.now()))


@delete("/{webhook_id:str}", summary="Remove a webhook", responses=problems(403, 404))
async def remove_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> None:
    """Gone with all that was owed to it."""
    await endpoints.remove(request.context, request.org_id, webhook_id)


ROUTER: Final = Router(
    "/webhooks",
    route_handlers=[add_webhook, list_webhooks, get_webhook, change_webhook, remove_webhook],
    tags=["Webhooks"],
)
