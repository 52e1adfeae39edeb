"""Deliveries: what follows from attempts, for them and for their endpoints."""

from collections.abc import Collection, Sequence

import structlog
from msgspec import Struct

from dcvd.core.events import OPERATIONAL, EventData, EventDraft, EventType
from dcvd.core.instants import to_rfc3339
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptOutcome,
    Consequence,
    Delivery,
    DeliveryState,
    DueDelivery,
    what_follows,
)
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import Health, HealthChange, after_attempt
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.webhooks import attempts, deliveries, delivery_history, endpoints
from dcvd.store.webhooks.deliveries import Ended

log = structlog.get_logger(__name__)

EXPIRED = "The event expired before it could be sent: it would no longer have been true."


class Made(Struct, frozen=True, kw_only=True):
    """An attempt that was made for what was due to an endpoint."""

    due: DueDelivery
    endpoint_id: str
    attempt: Attempt


async def record_attempts(context: Context, made: Sequence[Made], *, well: Collection[str] = ()) -> list[Consequence]:
    """Store how tries went: delivered, due again by the schedule, or dead letters once that has ended.

    All in one transaction with what they say of their endpoints' health. Of one endpoint's attempts those that ended
    first come first. `well`: endpoints that have not failed since their last success, as far as anything was stored.
    """
    now = context.now()
    schedule = context.config.webhooks.retry_schedule
    ended = [
        Ended(
            due=one.due,
            endpoint_id=one.endpoint_id,
            attempt=one.attempt,
            consequence=what_follows(one.attempt, one.due.attempts_before, schedule, now, context.fraction()),
        )
        for one in made
    ]

    def unit(tx: Transaction) -> list[Consequence]:
        deliveries.record(tx, ended, now)
        attempts.insert(tx, ended)
        attempts.count(tx, ended)
        _judge(context, tx, ended, well, now)
        return [end.consequence for end in ended]

    return await context.database.write(unit)


async def drop_expired(context: Context, due: Sequence[DueDelivery]) -> None:
    """End what was due too late to make sense."""
    now = context.now()

    def unit(tx: Transaction) -> None:
        pairs = deliveries.drop(tx, [delivery.id for delivery in due], EXPIRED, now)
        deliveries.promote(tx, pairs, now)

    await context.database.write(unit)


def owned(snapshot: Snapshot, org_id: str, delivery_id: str) -> Delivery:
    """An organization's delivery. Raises NotFound; another organization's looks the same as none."""
    delivery = delivery_history.get(snapshot, org_id, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def _judge(context: Context, tx: Transaction, ended: Sequence[Ended], well: Collection[str], now: int) -> None:
    """What the attempts say of their endpoints; a success of one that is well says nothing new, and reads nothing."""
    failed = {end.endpoint_id for end in ended if end.attempt.outcome is not AttemptOutcome.DELIVERED}
    succeeded = {end.endpoint_id for end in ended}.difference(failed, well)
    found = endpoints.of_ids(tx, failed) | endpoints.troubled(tx, succeeded)
    if not found:
        return
    schedule = context.config.webhooks.retry_schedule
    healths = {endpoint_id: endpoint.health for endpoint_id, endpoint in found.items()}
    # Not those that their tenant removed, dropped or asked for again while the last attempt was under way.
    dead = deliveries.dead_among(tx, [end.due.id for end in ended if end.consequence.state is DeliveryState.DEAD])
    for end in ended:
        health = healths.get(end.endpoint_id)
        if health is None:
            continue
        endpoint = found[end.endpoint_id]
        tries = min(end.attempt.number - end.due.attempts_before, len(schedule) - 1)
        after, change = after_attempt(health, end.attempt, schedule[tries], now)
        healths[end.endpoint_id] = after
        drafts: list[EventDraft] = []
        if end.due.id in dead and end.due.event_type not in OPERATIONAL:
            drafts.append(_dead_letter(end))
        if change is not None:
            log.warning("endpoint.changed", endpoint_id=endpoint.id, org_id=endpoint.org_id, change=change)
            drafts.append(_health_event(endpoint, change, end.attempt, after))
        recording.record(context, tx, endpoint.org_id, drafts, all_but=endpoint.id)
    for endpoint_id, health in healths.items():
        if health != found[endpoint_id].health:
            endpoints.update_health(tx, endpoint_id, health)


def _dead_letter(end: Ended) -> EventDraft:
    data: EventData = {
        "delivery_id": end.due.id,
        "endpoint_id": end.endpoint_id,
        "event_id": end.due.event_id,
        "event_type": end.due.event_type.value,
        "domain_id": end.due.domain_id,
        "attempts": end.attempt.number,
        "error": end.attempt.error,
    }
    return EventDraft(EventType.DELIVERY_DLQ, data)


def _health_event(
    endpoint: Endpoint,
    change: HealthChange,
    attempt: Attempt,
    health: Health,
) -> EventDraft:
    data: EventData = {"endpoint_id": endpoint.id, "url": endpoint.url}
    if change is HealthChange.RECOVERED:
        return EventDraft(EventType.ENDPOINT_RECOVERED, data)
    kind = EventType.ENDPOINT_FAILING
    if change is HealthChange.DISABLED:
        kind = EventType.ENDPOINT_DISABLED
        data["reason"] = health.reason
    data["failed_attempts"] = health.failures
    data["failing_since"] = None if health.failing_since is None else to_rfc3339(health.failing_since)
    data["error"] = attempt.error
    data["status_code"] = attempt.status_code
    return EventDraft(kind, data)
