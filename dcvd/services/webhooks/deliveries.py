"""Deliveries: what follows from attempts, for them and for their endpoints."""

from collections.abc import Collection, Sequence

import structlog
from msgspec import Struct

from dcvd.core.events import OPERATIONAL_TYPES, EventData, EventDraft, EventType
from dcvd.core.instants import to_rfc3339
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptConsequence,
    AttemptOutcome,
    Delivery,
    DeliveryState,
    DueDelivery,
    decide_next_attempt,
)
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointHealth, HealthChange, apply_attempt
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.webhooks import attempts, deliveries, delivery_history, endpoints
from dcvd.store.webhooks.deliveries import AttemptResult

log = structlog.get_logger(__name__)

EXPIRED_MESSAGE = "The event expired before it could be sent: it would no longer have been true."


class FinishedAttempt(Struct, frozen=True, kw_only=True):
    """An attempt that was made for what was due to an endpoint."""

    due_delivery: DueDelivery
    endpoint_id: str
    attempt: Attempt


async def record_attempts(
    context: Context, finished_attempts: Sequence[FinishedAttempt], *, healthy_endpoint_ids: Collection[str] = ()
) -> list[AttemptConsequence]:
    """Store how tries went: delivered, due again by the schedule, or dead letters once that has ended.

    All in one transaction with what they say of their endpoints' health. Of one endpoint's attempts those that ended
    first come first. `healthy_endpoint_ids`: endpoints that have not failed since their last success, as far as
    anything was stored.
    """
    now = context.now()
    schedule = context.config.webhooks.retry_schedule
    ended = [
        AttemptResult(
            due_delivery=one.due_delivery,
            endpoint_id=one.endpoint_id,
            attempt=one.attempt,
            consequence=decide_next_attempt(
                one.attempt, one.due_delivery.attempts_before, schedule, now, context.random_fraction()
            ),
        )
        for one in finished_attempts
    ]

    def unit(tx: Transaction) -> list[AttemptConsequence]:
        deliveries.record_results(tx, ended, now)
        attempts.insert(tx, ended)
        attempts.add_to_counts(tx, ended)
        _update_health(context, tx, ended, healthy_endpoint_ids, now)
        return [end.consequence for end in ended]

    return await context.database.write(unit)


async def drop_expired(context: Context, due: Sequence[DueDelivery]) -> None:
    """End what was due too late to make sense."""
    now = context.now()

    def unit(tx: Transaction) -> None:
        pairs = deliveries.drop(tx, [delivery.id for delivery in due], EXPIRED_MESSAGE, now)
        deliveries.promote(tx, pairs, now)

    await context.database.write(unit)


def get_owned(snapshot: Snapshot, org_id: str, delivery_id: str) -> Delivery:
    """An organization's delivery. Raises NotFound; another organization's looks the same as none."""
    delivery = delivery_history.get(snapshot, org_id, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def _update_health(
    context: Context, tx: Transaction, results: Sequence[AttemptResult], healthy_endpoint_ids: Collection[str], now: int
) -> None:
    """What the attempts say of their endpoints; a success of one that is well says nothing new, and reads nothing."""
    failed = {end.endpoint_id for end in results if end.attempt.outcome is not AttemptOutcome.DELIVERED}
    succeeded = {end.endpoint_id for end in results}.difference(failed, healthy_endpoint_ids)
    found = endpoints.find_by_ids(tx, failed) | endpoints.find_failing_by_ids(tx, succeeded)
    if not found:
        return
    schedule = context.config.webhooks.retry_schedule
    healths = {endpoint_id: endpoint.health for endpoint_id, endpoint in found.items()}
    # Not those that their tenant removed, dropped or asked for again while the last attempt was under way.
    dead = deliveries.filter_dead(
        tx, [end.due_delivery.id for end in results if end.consequence.state is DeliveryState.DEAD]
    )
    for end in results:
        health = healths.get(end.endpoint_id)
        if health is None:
            continue
        endpoint = found[end.endpoint_id]
        tries = min(end.attempt.number - end.due_delivery.attempts_before, len(schedule) - 1)
        after, change = apply_attempt(health, end.attempt, schedule[tries], now)
        healths[end.endpoint_id] = after
        drafts: list[EventDraft] = []
        if end.due_delivery.id in dead and end.due_delivery.event_type not in OPERATIONAL_TYPES:
            drafts.append(_draft_dead_letter(end))
        if change is not None:
            log.warning("endpoint.changed", endpoint_id=endpoint.id, org_id=endpoint.org_id, change=change)
            drafts.append(_draft_health_event(endpoint, change, end.attempt, after))
        recording.record(context, tx, endpoint.org_id, drafts, except_endpoint_id=endpoint.id)
    for endpoint_id, health in healths.items():
        if health != found[endpoint_id].health:
            endpoints.update_health(tx, endpoint_id, health)


def _draft_dead_letter(result: AttemptResult) -> EventDraft:
    data: EventData = {
        "delivery_id": result.due_delivery.id,
        "endpoint_id": result.endpoint_id,
        "event_id": result.due_delivery.event_id,
        "event_type": result.due_delivery.event_type.value,
        "domain_id": result.due_delivery.domain_id,
        "attempts": result.attempt.number,
        "error": result.attempt.error,
    }
    return EventDraft(EventType.DELIVERY_DLQ, data)


def _draft_health_event(
    endpoint: Endpoint,
    change: HealthChange,
    attempt: Attempt,
    health: EndpointHealth,
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
