"""`/api/webhooks`."""

from typing import Any, Final

from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.documentation import problems
from dcvd.api.parameters import Cursor, Instant, Limit, page_limit
from dcvd.api.request import ApiRequest
from dcvd.core.events import EventType
from dcvd.core.instants import to_rfc3339
from dcvd.core.signing import standard_secret
from dcvd.core.webhooks import Endpoint
from dcvd.services import webhooks


class NewWebhook(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where to send, and which events."""

    url: str
    events: list[str]


class WebhookChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is absent stays as it is; null is no value for any of them."""

    url: str | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class WebhookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A webhook endpoint. Both secrets are one key, and only in the answer that made it.

    `secret` keys X-DCVaaS-Signature; `signingSecret` is for Standard Webhooks libraries.
    """

    id: str
    org_id: str
    url: str
    events: list[EventType]
    enabled: bool
    secret: str | UnsetType = UNSET
    signing_secret: str | UnsetType = UNSET
    created_at: Instant
    updated_at: Instant


class WebhookAnswer(Struct, frozen=True):
    webhook: WebhookView


class WebhookList(Struct, frozen=True, kw_only=True, rename="camel"):
    webhooks: list[WebhookView]
    next_cursor: str | None


@post("", summary="Add a webhook", status_code=201, responses=problems(400, 403, 413, 415))
async def add_webhook(request: ApiRequest, data: JSONBody[NewWebhook]) -> Response[WebhookAnswer]:
    """The secrets are in this answer and never again."""
    endpoint = await webhooks.create(request.context, request.org_id, url=data.url, events=data.events)
    secret = endpoint.secret
    view = _view(endpoint, secret=secret.reveal(), signing_secret=standard_secret(secret).reveal())
    return Response(WebhookAnswer(view), headers={"Location": f"/api/webhooks/{endpoint.id}"})


@get("", summary="List the webhooks", responses=problems(400))
async def list_webhooks(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> WebhookList:
    """Newest first."""
    found = await webhooks.list_page(request.context, request.org_id, cursor=cursor, limit=page_limit(limit))
    return WebhookList(webhooks=[_view(row) for row in found.items], next_cursor=found.next_cursor)


@get("/{webhook_id:str}", summary="Show a webhook", responses=problems(404))
async def get_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> WebhookAnswer:
    """Without its secrets."""
    return WebhookAnswer(_view(await webhooks.get(request.context, request.org_id, webhook_id)))


@patch("/{webhook_id:str}", summary="Change a webhook", responses=problems(400, 403, 404, 413, 415))
async def change_webhook(
    request: ApiRequest, webhook_id: FromPath[str], data: JSONBody[WebhookChange]
) -> WebhookAnswer:
    """What waits for delivery goes to the new address."""
    endpoint = await webhooks.change(
        request.context,
        request.org_id,
        webhook_id,
        url=None if data.url is UNSET else data.url,
        events=None if data.events is UNSET else data.events,
        enabled=None if data.enabled is UNSET else data.enabled,
    )
    return WebhookAnswer(_view(endpoint))


@delete("/{webhook_id:str}", summary="Remove a webhook", responses=problems(403, 404))
async def remove_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> None:
    """Gone with all that was owed to it."""
    await webhooks.remove(request.context, request.org_id, webhook_id)


def _view(endpoint: Endpoint, **secrets: Any) -> WebhookView:
    return WebhookView(
        id=endpoint.id,
        org_id=endpoint.org_id,
        url=endpoint.url,
        events=list(endpoint.events),
        enabled=endpoint.enabled,
        created_at=to_rfc3339(endpoint.created_at),
        updated_at=to_rfc3339(endpoint.updated_at),
        **secrets,
    )


ROUTER: Final = Router(
    "/webhooks",
    route_handlers=[add_webhook, list_webhooks, get_webhook, change_webhook, remove_webhook],
    tags=["Webhooks"],
)
