"""`/api/webhooks`: an organization's endpoints."""

from collections.abc import Awaitable
from typing import Annotated, Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from dcvd.api.webhooks.match import MATCH_MEANING, WebhookMatch, read_match
from dcvd.api.webhooks.view import (
    NAME_MEANING,
    SCHEDULE_MEANING,
    TIMEOUT_MEANING,
    WebhookAnswer,
    WebhookList,
    webhook_view,
    with_rates,
    with_refusals,
    with_secrets,
)
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.ordering import Ordering
from dcvd.http.documentation import problems
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints, event_refusals
from dcvd.services.webhooks.client_certificates import NewClientCertificate
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries


class ClientCertificateInput(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A client certificate with its chain, and its private key without a passphrase, both in PEM; never shown again."""

    certificate: str
    private_key: str


class NewWebhook(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where to send which events; `headers` go with each delivery, and their values are never shown.

    `ordering`: whether events of one domain wait for each other (`domain`), or none waits for any (`none`).
    """

    name: Annotated[str | None, NAME_MEANING] = None
    url: str
    events: list[str]
    max_per_second: int | None = None
    timeout_seconds: Annotated[int | None, TIMEOUT_MEANING] = None
    retry_schedule: Annotated[list[str] | None, SCHEDULE_MEANING] = None
    headers: dict[str, str] = {}
    client_certificate: ClientCertificateInput | None = None
    ordering: Ordering = Ordering.DOMAIN
    match: Annotated[WebhookMatch | None, MATCH_MEANING] = None


class WebhookChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The changes; what is absent stays. `maxPerSecond` null: no limit. `clientCertificate` null: none any more.

    `headers` are merged (RFC 7396): a text sets a header, null removes it, and null for all of `headers` removes all.
    `match` is replaced as a whole.

    `ordering` also counts for what waits already: `none` makes it due at once. So does `retrySchedule`: what is not due
    yet is planned again, from its last attempt on.

    `replay` goes with `"enabled": true`: whether what was held for the disabled endpoint is sent.
    """

    name: Annotated[str | UnsetType | None, NAME_MEANING] = UNSET
    url: str | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    max_per_second: int | UnsetType | None = UNSET
    timeout_seconds: Annotated[int | UnsetType | None, TIMEOUT_MEANING] = UNSET
    retry_schedule: Annotated[list[str] | UnsetType | None, SCHEDULE_MEANING] = UNSET
    headers: dict[str, str | None] | UnsetType | None = UNSET
    client_certificate: ClientCertificateInput | UnsetType | None = UNSET
    match: Annotated[WebhookMatch | UnsetType | None, MATCH_MEANING] = UNSET
    enabled: bool | UnsetType = UNSET
    ordering: Ordering | UnsetType = UNSET
    replay: HeldDeliveries = HeldDeliveries.HELD


def _read_certificate(given: ClientCertificateInput | UnsetType | None) -> NewClientCertificate | UnsetType | None:
    if given is UNSET or given is None:
        return given
    return NewClientCertificate(certificate=given.certificate, private_key=Secret(given.private_key))


@post("", summary="Add an endpoint", status_code=201)
async def create_webhook(
    request: ApiRequest, data: JSONBody[NewWebhook], key: IdempotencyKey = None
) -> Response[WebhookAnswer]:
    """Add an endpoint. Its secrets are in this answer and never again."""

    def add(context: Context) -> Awaitable[tuple[Endpoint, Secret]]:
        return endpoints.create(
            context,
            request.org_id,
            name=data.name,
            url=data.url,
            events=data.events,
            max_per_second=data.max_per_second,
            timeout_seconds=data.timeout_seconds,
            retry_schedule=data.retry_schedule,
            headers=data.headers,
            client_certificate=_read_certificate(data.client_certificate) or None,
            ordering=data.ordering,
            match=read_match(data.match),
        )

    def respond(created: tuple[Endpoint, Secret]) -> Response[WebhookAnswer]:
        endpoint, secret = created
        view = with_secrets(webhook_view(endpoint, request.context.now()), secret)
        headers = {"Location": f"{request.root}/webhooks/{endpoint.id}", ETAG_HEADER: endpoint.entity_tag}
        return Response(WebhookAnswer(view), headers=headers)

    return await answer_once(request, key, add, respond)


@get("", summary="List the endpoints")
async def list_webhooks(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> WebhookList:
    """List the organization's endpoints, newest first."""
    page = await endpoints.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    now = request.context.now()
    return WebhookList(webhooks=[webhook_view(row, now) for row in page.items], next_cursor=page.next_cursor)


@get("/{webhook_id:str}", summary="Show an endpoint")
async def get_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> Response[WebhookAnswer]:
    """Show an endpoint with its health and its rates, without its secrets.

    `ETag` is that of what you can change; health and rates may differ under the same tag.
    """
    context = request.context
    endpoint, rates = await delivery_history.get_endpoint(context, request.org_id, webhook_id)
    refusals = await event_refusals.list_lasting(context, webhook_id)
    view = with_refusals(with_rates(webhook_view(endpoint, context.now()), rates), refusals)
    return Response(WebhookAnswer(view), headers={ETAG_HEADER: endpoint.entity_tag})


@patch("/{webhook_id:str}", summary="Change an endpoint", dependencies=IF_MATCH, responses=problems(409, 412))
async def update_webhook(
    request: ApiRequest, webhook_id: FromPath[str], data: JSONBody[WebhookChange], precondition: InjectedPrecondition
) -> Response[WebhookAnswer]:
    """Change an endpoint. Waiting deliveries go to the new address. Enabling it resets its health."""
    read = {
        "client_certificate": _read_certificate(data.client_certificate),
        "match": UNSET if data.match is UNSET else read_match(data.match),
    }
    change = EndpointChange(**(asdict(data) | read))
    endpoint = await endpoints.change(request.context, request.org_id, webhook_id, change, precondition=precondition)
    view = webhook_view(endpoint, request.context.now())
    return Response(WebhookAnswer(view), headers={ETAG_HEADER: endpoint.entity_tag})


@delete("/{webhook_id:str}", summary="Remove an endpoint")
async def delete_webhook(request: ApiRequest, webhook_id: FromPath[str]) -> None:
    """Remove an endpoint, with all its deliveries."""
    await endpoints.remove(request.context, request.org_id, webhook_id)


ROUTER: Final = Router(
    "/webhooks",
    route_handlers=[create_webhook, list_webhooks, get_webhook, update_webhook, delete_webhook],
    opt={"subject": "webhooks"},
    tags=["Webhooks"],
)
