"""Record attempts, with their consequences for deliveries and for endpoints."""

from collections.abc import Collection, Sequence

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.events import OPERATIONAL_TYPES, EventData, EventDraft, EventType
from dcvd.core.webhooks.deliveries import (
    AttemptConsequence,
    AttemptOutcome,
    Delivery,
    DeliveryState,
    DueDelivery,
    FinishedAttempt,
    RecordedAttempt,
    decide_next_attempt,
)
from dcvd.core.webhooks.health import apply_attempt
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoint_health
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import attempts, deliveries, delivery_endings, delivery_history, endpoints

log = structlog.get_logger(__name__)

EXPIRED_MESSAGE = "The event expired before it could be sent: it would no longer have been true."


async def record_attempts(
    context: Context, finished_attempts: Sequence[FinishedAttempt], *, healthy_endpoint_ids: Collection[str] = ()
) -> list[AttemptConsequence]:
    """Store the results of attempts: delivered, due again by the schedule, or dead letters at its end.

    A failed delivery that somebody asked to send again while the attempt was in flight is due as they were told.

    One transaction stores them all, and what they mean for the health of their endpoints. The attempts of one endpoint
    are in the order in which they ended. `healthy_endpoint_ids`: endpoints without a stored failure since their last
    success.
    """
    now = context.now()
    schedule = context.config.webhooks.retry_schedule
    planned_consequences = [
        decide_next_attempt(
            finished.attempt, finished.due_delivery.attempts_before, schedule, now, context.random_fraction()
        )
        for finished in finished_attempts
    ]

    def unit(tx: Transaction) -> list[AttemptConsequence]:
        consequences = deliveries.apply_attempts(tx, finished_attempts, planned_consequences, now)
        attempts.insert(
            tx,
            [
                RecordedAttempt(attempt=finished.attempt, consequence=consequence)
                for finished, consequence in zip(finished_attempts, consequences, strict=True)
            ],
        )
        attempts.add_to_counts(tx, finished_attempts)
        _update_health(context, tx, finished_attempts, consequences, healthy_endpoint_ids, now)
        return consequences

    return await context.database.write(unit)


async def drop_expired(context: Context, due: Sequence[DueDelivery]) -> None:
    """Drop deliveries whose events expired before they could be sent."""
    now = context.now()

    def unit(tx: Transaction) -> None:
        delivery_endings.drop(tx, [delivery.id for delivery in due], EXPIRED_MESSAGE, now)

    await context.database.write(unit)


def get_owned(snapshot: Snapshot, org_id: str, delivery_id: str) -> Delivery:
    """Get an organization's delivery. Raises NotFound, also for another organization's."""
    delivery = delivery_history.get(snapshot, org_id, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return delivery


def _update_health(
    context: Context,
    tx: Transaction,
    finished_attempts: Sequence[FinishedAttempt],
    consequences: Sequence[AttemptConsequence],
    healthy_endpoint_ids: Collection[str],
    now: int,
) -> None:
    """Update endpoints' health by attempts; the success of a healthy endpoint changes nothing, and reads nothing."""
    failed_ids = {
        each.endpoint_id for each in finished_attempts if each.attempt.outcome is not AttemptOutcome.DELIVERED
    }
    succeeded_ids = {each.endpoint_id for each in finished_attempts}.difference(failed_ids, healthy_endpoint_ids)
    endpoints_by_id = endpoints.find_by_ids(tx, failed_ids) | endpoints.find_failing_by_ids(tx, succeeded_ids)
    if not endpoints_by_id:
        return
    schedule = context.config.webhooks.retry_schedule
    healths = {endpoint_id: endpoint.health for endpoint_id, endpoint in endpoints_by_id.items()}
    # Not those that their tenant removed, dropped or retried while the last attempt was in flight.
    dead_ids = deliveries.filter_dead(
        tx,
        [
            finished.due_delivery.id
            for finished, consequence in zip(finished_attempts, consequences, strict=True)
            if consequence.state is DeliveryState.DEAD
        ],
    )
    for finished in finished_attempts:
        health = healths.get(finished.endpoint_id)
        if health is None:
            continue
        endpoint = endpoints_by_id[finished.endpoint_id]
        schedule_index = min(finished.attempt.number - finished.due_delivery.attempts_before, len(schedule) - 1)
        new_health, change = apply_attempt(health, finished.attempt, schedule[schedule_index], now)
        healths[finished.endpoint_id] = new_health
        drafts: list[EventDraft] = []
        if finished.due_delivery.id in dead_ids and finished.due_delivery.event_type not in OPERATIONAL_TYPES:
            drafts.append(_draft_dead_letter(finished))
        recording.record(context, tx, endpoint.org_id, drafts, except_endpoint_id=endpoint.id)
        if change is not None:
            endpoint_health.record_change(context, tx, endpoint, change, new_health)
            if not new_health.is_enabled:
                after = {"enabled": False}
                audit.record(context, tx, endpoint.org_id, AuditAction.ENDPOINT_DISABLED, endpoint.id, after=after)
    for endpoint_id, health in healths.items():
        if health != endpoints_by_id[endpoint_id].health:
            endpoints.update_health(tx, endpoint_id, health)


def _draft_dead_letter(finished: FinishedAttempt) -> EventDraft:
    data: EventData = {
        "delivery_id": finished.due_delivery.id,
        "endpoint_id": finished.endpoint_id,
        "event_id": finished.due_delivery.event_id,
        "event_type": finished.due_delivery.event_type.value,
        "domain_id": finished.due_delivery.domain_id,
        "attempts": finished.attempt.number,
        "error": finished.attempt.error,
    }
    return EventDraft(EventType.DELIVERY_DLQ, data)
