"""The history of deliveries for their tenants: lists, one in full, and the rates of an endpoint."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event
from dcvd.core.instants import DAY, HOUR
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.deliveries import Delivery, DeliveryStatus, RecordedAttempt, is_waiting, status_of
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.core.webhooks.latency import percentile_ms
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries, replays
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.store import events
from dcvd.store.engine.paging import MAX_EXAMINED, Page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import attempts, delivery_history, endpoints
from dcvd.store.webhooks.attempts import SLOT_MS
from dcvd.store.webhooks.awaited_deliveries import find_awaited
from dcvd.store.webhooks.delivery_history import DeliveryFilters

LATEST_ATTEMPTS: Final = 100
"""So many are shown of a delivery, which may be sent again and again, each time with its full schedule."""
RATE_WINDOWS_MS: Final = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


class DeliverySummary(Struct, frozen=True, kw_only=True):
    """A delivery as its tenant sees it.

    `next_attempt_at`: not before the pause of its endpoint ends; None for one that is held or waits for an earlier one.
    `waits_for`: the pending delivery of an earlier event of its domain that has to end first; None while it is held.
    """

    delivery: Delivery
    status: DeliveryStatus
    next_attempt_at: int | None
    waits_for: "DeliverySummary | None" = None


class DeliveryDetail(Struct, frozen=True, kw_only=True):
    """A delivery with all that is stored of it, but of its attempts the latest `LATEST_ATTEMPTS`, in order."""

    summary: DeliverySummary
    endpoint: Endpoint
    event: Event
    attempts: list[RecordedAttempt]


class DeliveryRates(Struct, frozen=True, kw_only=True):
    """Counts of delivered and failed attempts in a span of time, and the latency of all of them in milliseconds."""

    delivered_count: int
    failed_count: int
    p50_ms: int | None
    p95_ms: int | None


async def list_page(
    context: Context,
    org_id: str | None,
    filters: DeliveryFilters,
    *,
    cursor: str | None,
    limit: int,
    max_examined: int = MAX_EXAMINED,
) -> Page[DeliverySummary]:
    """List deliveries, newest first, out of the next `max_examined`. So a page may be shorter than `limit` and still
    have a next one.

    org_id: None stands for all organizations. Raises NotFound for the endpoint.
    """
    query = build_page_query(context, org_id, filters, cursor=cursor, limit=limit, max_examined=max_examined)
    return await context.database.read(query)


def build_page_query(
    context: Context,
    org_id: str | None,
    filters: DeliveryFilters,
    *,
    cursor: str | None,
    limit: int,
    max_examined: int = MAX_EXAMINED,
) -> Callable[[Snapshot], Page[DeliverySummary]]:
    """Build the query of `list_page`. Raises InvalidInput for the cursor."""
    before = decode_cursor(cursor)
    reach = context.caller.domains

    def query(snapshot: Snapshot) -> Page[DeliverySummary]:
        if filters.endpoint_id is not None:
            endpoint_service.get_owned(snapshot, org_id, filters.endpoint_id)

        @cache
        def get_health(endpoint_id: str) -> EndpointHealth:
            endpoint = endpoints.get(snapshot, endpoint_id)
            assert endpoint is not None, "its deliveries go with it"
            return endpoint.health

        page_deliveries, next_before = delivery_history.list_matching(
            snapshot,
            org_id,
            filters,
            before=before,
            limit=limit,
            is_enabled=lambda endpoint_id: get_health(endpoint_id).is_enabled,
            is_visible=lambda delivery: reach is None or reach.covers(*events.find_domain(snapshot, delivery.event_id)),
            max_examined=max_examined,
        )
        awaited = find_awaited(snapshot, [delivery.id for delivery in page_deliveries if is_waiting(delivery)])
        summaries = [
            _summarize(delivery, get_health(delivery.endpoint_id), awaited.get(delivery.id))
            for delivery in page_deliveries
        ]
        return Page(summaries, None if next_before is None else encode_cursor(next_before))

    return query


async def get(context: Context, org_id: str | None, delivery_id: str) -> DeliveryDetail:
    """Get a delivery of an organization, or of any, in full. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> DeliveryDetail:
        delivery = deliveries.get_owned(snapshot, org_id, delivery_id)
        endpoint = endpoints.get(snapshot, delivery.endpoint_id)
        event = events.get(snapshot, delivery.event_id)
        if endpoint is None or event is None:
            raise NotFound(word("delivery_unknown", delivery=delivery_id))
        return DeliveryDetail(
            summary=summarize(snapshot, delivery, endpoint.health),
            endpoint=endpoint,
            event=event,
            attempts=attempts.list_latest_of_delivery(snapshot, delivery_id, LATEST_ATTEMPTS),
        )

    return await context.database.read(query)


async def list_of_event(context: Context, event_id: str) -> list[DeliverySummary]:
    """List how the deliveries of an event stand."""

    def query(snapshot: Snapshot) -> list[DeliverySummary]:
        found = delivery_history.list_of_event(snapshot, event_id)
        receivers = endpoints.find_by_ids(snapshot, {delivery.endpoint_id for delivery in found})
        return [summarize(snapshot, delivery, receivers[delivery.endpoint_id].health) for delivery in found]

    return await context.database.read(query)


def get_summary(snapshot: Snapshot, org_id: str, delivery_id: str) -> DeliverySummary:
    """Get a delivery as its tenant sees it. Raises NotFound, also for another organization's."""
    delivery = deliveries.get_owned(snapshot, org_id, delivery_id)
    return summarize(snapshot, delivery, endpoint_service.get_owned(snapshot, org_id, delivery.endpoint_id).health)


def summarize(snapshot: Snapshot, delivery: Delivery, health: EndpointHealth) -> DeliverySummary:
    """Say how a delivery stands, given the health of its endpoint, and what it waits for."""
    awaited = find_awaited(snapshot, [delivery.id]) if is_waiting(delivery) else {}
    return _summarize(delivery, health, awaited.get(delivery.id))


async def retry(context: Context, org_id: str, delivery_id: str) -> DeliverySummary:
    """Send a delivery now, see `replays.retry`, and return it as it is then. Raises NotFound, Conflict."""

    def remember(tx: Transaction, delivery: Delivery) -> None:
        summary = get_summary(tx, org_id, delivery.id)
        context.remember_result(tx, lambda: summary)

    await replays.retry(context, org_id, delivery_id, in_transaction=remember)
    return (await get(context, org_id, delivery_id)).summary


async def get_endpoint(
    context: Context, org_id: str | None, endpoint_id: str
) -> tuple[Endpoint, dict[str, DeliveryRates]]:
    """Get an endpoint of an organization, or of any, with its rates, see `compute_rates`.

    Raises NotFound, also for another organization's.
    """
    endpoint = await endpoint_service.get(context, org_id, endpoint_id)
    return endpoint, await compute_rates(context, endpoint_id)


async def compute_rates(context: Context, endpoint_id: str) -> dict[str, DeliveryRates]:
    """Compute the rates of each window in `RATE_WINDOWS_MS`.

    Each window reaches back to the start of the five-minute slot in which it begins.
    """
    now = context.now()
    slots = await context.database.read(
        lambda snapshot: attempts.list_counts(snapshot, endpoint_id, now - max(RATE_WINDOWS_MS.values()) - SLOT_MS)
    )
    return {
        name: sum_rates(slot for slot in slots if slot[0] > now - window_ms - SLOT_MS)
        for name, window_ms in RATE_WINDOWS_MS.items()
    }


def sum_rates(counts: Iterable[tuple[int, bool, int, int]]) -> DeliveryRates:
    """Sum counts as `attempts.list_counts` returns them."""
    latencies: Counter[int] = Counter()
    outcomes: Counter[bool] = Counter()
    for _, is_delivered, latency_class, count in counts:
        latencies[latency_class] += count
        outcomes[is_delivered] += count
    return DeliveryRates(
        delivered_count=outcomes[True],
        failed_count=outcomes[False],
        p50_ms=percentile_ms(latencies, 0.5),
        p95_ms=percentile_ms(latencies, 0.95),
    )


def _summarize(delivery: Delivery, health: EndpointHealth, awaited: Delivery | None = None) -> DeliverySummary:
    next_attempt_at = delivery.next_attempt_at if health.is_enabled else None
    if next_attempt_at is not None and health.paused_until is not None:
        next_attempt_at = max(next_attempt_at, health.paused_until)
    return DeliverySummary(
        delivery=delivery,
        status=status_of(delivery.state, is_enabled=health.is_enabled),
        next_attempt_at=next_attempt_at,
        waits_for=None if awaited is None or not health.is_enabled else _summarize(awaited, health),
    )
