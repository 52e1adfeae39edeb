"""What became of deliveries, for their tenants: lists, one in full, and the rates of an endpoint."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event, EventType
from dcvd.core.ids import Prefix, earliest_id
from dcvd.core.instants import DAY, HOUR
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState, DeliveryStatus, status_of
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.latency import percentile
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.store import events
from dcvd.store.engine.database import Snapshot
from dcvd.store.engine.paging import NEWEST, Page, decode_cursor, encode_cursor
from dcvd.store.webhooks import attempts, delivery_history, endpoints
from dcvd.store.webhooks.attempts import SLOT, MadeAttempt
from dcvd.store.webhooks.delivery_history import Filters

WINDOWS: Final = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


class Question(Struct, frozen=True, kw_only=True):
    """Which deliveries; None is no condition. Instants in milliseconds, `until` excluded."""

    endpoint_id: str | None = None
    status: DeliveryStatus | None = None
    events: Sequence[EventType] | None = None
    domain_id: str | None = None
    since: int | None = None
    until: int | None = None


class SeenDelivery(Struct, frozen=True, kw_only=True):
    """A delivery as its tenant sees it."""

    delivery: Delivery
    status: DeliveryStatus


class FullDelivery(Struct, frozen=True, kw_only=True):
    """A delivery with all that is stored of it."""

    seen: SeenDelivery
    endpoint: Endpoint
    event: Event
    attempts: list[MadeAttempt]


class Rates(Struct, frozen=True, kw_only=True):
    """Of a span of time: attempts that delivered and that failed, and the latency of all of them in milliseconds."""

    delivered: int
    failed: int
    p50_ms: int | None
    p95_ms: int | None


async def list_page(
    context: Context, org_id: str, question: Question, *, cursor: str | None, limit: int
) -> Page[SeenDelivery]:
    """Newest first. A page may be shorter than `limit` and still have a next one. Raises NotFound for the endpoint."""
    before = decode_cursor(cursor)

    def query(snapshot: Snapshot) -> Page[SeenDelivery]:
        if question.endpoint_id is not None:
            webhooks.owned(snapshot, org_id, question.endpoint_id)
        enabled = {endpoint.id: endpoint.health.enabled for endpoint in endpoints.of_org(snapshot, org_id)}
        found, next_before = delivery_history.matching(
            snapshot,
            org_id,
            _filters(question),
            before=before,
            limit=limit,
            is_enabled=lambda endpoint_id: enabled.get(endpoint_id, False),
        )
        seen = [_seen(delivery, enabled=enabled.get(delivery.endpoint_id, False)) for delivery in found]
        return Page(seen, None if next_before is None else encode_cursor(next_before))

    return await context.database.read(query)


async def get(context: Context, org_id: str, delivery_id: str) -> FullDelivery:
    """One in full. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> FullDelivery:
        delivery = deliveries.owned(snapshot, org_id, delivery_id)
        endpoint = endpoints.get(snapshot, delivery.endpoint_id)
        event = events.get(snapshot, delivery.event_id)
        if endpoint is None or event is None:
            raise NotFound(f"There is no delivery {delivery_id}.")
        return FullDelivery(
            seen=_seen(delivery, enabled=endpoint.health.enabled),
            endpoint=endpoint,
            event=event,
            attempts=attempts.of_delivery(snapshot, delivery_id),
        )

    return await context.database.read(query)


async def rates(context: Context, endpoint_id: str) -> dict[str, Rates]:
    """By the names of WINDOWS; each reaches back to the start of the five minutes in which it begins."""
    now = context.now()
    slots = await context.database.read(
        lambda snapshot: attempts.counts(snapshot, endpoint_id, now - max(WINDOWS.values()) - SLOT)
    )
    found: dict[str, Rates] = {}
    for name, length in WINDOWS.items():
        latencies: Counter[int] = Counter()
        outcomes: Counter[bool] = Counter()
        for started, delivered, latency, count in slots:
            if started > now - length - SLOT:
                latencies[latency] += count
                outcomes[delivered] += count
        found[name] = Rates(
            delivered=outcomes[True],
            failed=outcomes[False],
            p50_ms=percentile(latencies, 0.5),
            p95_ms=percentile(latencies, 0.95),
        )
    return found


def _filters(question: Question) -> Filters:
    state: DeliveryState | None = None
    enabled: bool | None = None
    match question.status:
        case None:
            pass
        case DeliveryStatus.HELD:
            state, enabled = DeliveryState.PENDING, False
        case DeliveryStatus.PENDING:
            state, enabled = DeliveryState.PENDING, True
        case _:
            state = DeliveryState(question.status)
    return Filters(
        endpoint_id=question.endpoint_id,
        state=state,
        enabled=enabled,
        event_types=question.events,
        domain_id=question.domain_id,
        oldest="" if question.since is None else earliest_id(Prefix.DELIVERY, question.since),
        newest=NEWEST if question.until is None else earliest_id(Prefix.DELIVERY, question.until),
    )


def _seen(delivery: Delivery, *, enabled: bool) -> SeenDelivery:
    return SeenDelivery(delivery=delivery, status=status_of(delivery.state, enabled=enabled))
