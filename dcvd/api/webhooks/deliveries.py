"""`/api/deliveries`: the deliveries to an organization's endpoints."""

from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Final, Literal

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.webhooks.delivery_filters import LIST_QUERY, InjectedListQuery
from dcvd.api.webhooks.delivery_view import (
    DeliveryAnswer,
    DeliveryHistory,
    DeliveryList,
    ExplanationAnswer,
    delivery_history,
    delivery_view,
    explanation_view,
)
from dcvd.api.webhooks.replay_answer import replay_response
from dcvd.api.webhooks.replay_view import ReplayAnswer
from dcvd.core.instants import format_instant
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.http.documentation import problems
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.webhooks import cancellations, explanations, replay_job
from dcvd.services.webhooks import delivery_history as history
from dcvd.services.webhooks.delivery_history import DeliverySummary
from dcvd.services.webhooks.replay_job import RequestedReplay

WebhookFilter = Annotated[str | None, query_parameter("webhookId", "Only to this endpoint.")]


class Requeue(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which dead letters to send again: all, or those of one endpoint."""

    status: Literal["dead"]
    webhook_id: str | UnsetType = UNSET


@get("", summary="List the deliveries", dependencies=LIST_QUERY, responses=problems(404))
async def list_deliveries(
    request: ApiRequest, list_query: InjectedListQuery, webhook_id: WebhookFilter = None
) -> DeliveryList:
    """List deliveries, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    return await list_query.fetch_page(request, webhook_id)


@get("/{delivery_id:str}", summary="Show a delivery")
async def get_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> DeliveryHistory:
    """Show a delivery with its body, exactly as it is sent, and its attempts, in order: the latest 100 of them."""
    return delivery_history(await history.get(request.context, request.org_id, delivery_id))


@post("/{delivery_id:str}/retry", summary="Send a delivery now", status_code=200, responses=problems(409))
async def retry_delivery(
    request: ApiRequest, delivery_id: FromPath[str], key: IdempotencyKey = None
) -> Response[DeliveryAnswer]:
    """Make a delivery due at once; one that had ended, delivered or not, gets its full schedule again.

    One that waits for an earlier delivery of its domain cannot be sent now: 409 `waits_for_earlier` names that one, in
    `existingId` too. Retry or cancel it.
    """

    def retry(context: Context) -> Awaitable[DeliverySummary]:
        return history.retry(context, request.org_id, delivery_id)

    return await answer_once(request, key, retry, lambda summary: Response(DeliveryAnswer(delivery_view(summary))))


@post("/{delivery_id:str}/cancel", summary="Cancel a delivery", status_code=200, responses=problems(409))
async def cancel_delivery(
    request: ApiRequest, delivery_id: FromPath[str], key: IdempotencyKey = None
) -> Response[DeliveryAnswer]:
    """Give up a delivery that has not ended; the next one of its domain is due at once.

    An attempt that is under way is not cut off: if it is answered with 2xx, the delivery is `delivered` all the same.
    A retry or a replay sends a cancelled delivery after all.
    """

    async def cancel(context: Context) -> DeliverySummary:
        summary = await cancellations.cancel(context, request.org_id, delivery_id)
        request.services.metrics.count_finished_delivery(DeliveryState.CANCELLED)
        return summary

    return await answer_once(request, key, cancel, lambda summary: Response(DeliveryAnswer(delivery_view(summary))))


@post("/retry", summary="Send all dead letters again", status_code=202, opt={"limited": False}, responses=problems(404))
async def retry_dead_deliveries(
    request: ApiRequest, data: JSONBody[Requeue], key: IdempotencyKey = None
) -> Response[ReplayAnswer]:
    """Start a job that sends all dead letters again, each with its full schedule."""
    webhook_id = None if data.webhook_id is UNSET else data.webhook_id

    def replay(context: Context) -> Awaitable[RequestedReplay]:
        return replay_job.request_replay(context, request.org_id, webhook_id, status=ReplayStatus.DEAD)

    return await answer_once(request, key, replay, partial(replay_response, request))


@get("/{delivery_id:str}/explain", summary="Explain a delivery")
async def explain_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> ExplanationAnswer:
    """Explain what happened to a delivery and what to do, with a command that repeats it."""
    explained = await explanations.explain(
        request.context, request.org_id, delivery_id, find_own_fault=request.services.find_own_fault
    )
    return ExplanationAnswer(
        explanation=explanation_view(explained.statements, explained.advice),
        curl=explained.curl,
        valid_until=format_instant(explained.valid_until),
    )


ROUTER: Final = Router(
    "/deliveries",
    route_handlers=[
        list_deliveries,
        get_delivery,
        retry_delivery,
        cancel_delivery,
        retry_dead_deliveries,
        explain_delivery,
    ],
    opt={"subject": "deliveries", "limited": True},
    tags=["Deliveries"],
)
