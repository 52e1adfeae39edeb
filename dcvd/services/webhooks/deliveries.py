"""Record attempts, with their consequences for deliveries and for endpoints."""

from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.events import OPERATIONAL_TYPES, EventData, EventDraft, EventType
from dcvd.core.operators import is_wanted_organization
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.deliveries import (
    DELIVERED,
    AttemptConsequence,
    AttemptOutcome,
    Delivery,
    DeliveryState,
    DueDelivery,
    FinishedAttempt,
    decide_next_attempt,
)
from dcvd.core.webhooks.delivery_settings import choose_schedule
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import apply_attempt
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoint_health, event_refusals
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import attempts, deliveries, delivery_endings, delivery_history, endpoints

log = structlog.get_logger(__name__)

EXPIRED_MESSAGE = "The event expired before it could be sent: it would no longer have been true."


def are_all_well(finished_attempts: Sequence[FinishedAttempt], is_healthy: Callable[[str], bool]) -> bool:
    """Whether `record_successes` may store attempts: all have delivered, at the first go, and to healthy endpoints.

    is_healthy: whether an endpoint is known to have no stored failure since its last success.
    """
    return all(
        finished.attempt.outcome is AttemptOutcome.DELIVERED
        and finished.attempt.repeated is None
        and is_healthy(finished.endpoint_id)
        for finished in finished_attempts
    )


async def record_successes(
    context: Context, finished_attempts: Sequence[FinishedAttempt]
) -> Sequence[AttemptConsequence]:
    """Store attempts that are all well as `record_attempts` does, but by one statement; see `are_all_well`."""
    await context.database.write(attempts.write_delivered(finished_attempts, context.now()))
    return [DELIVERED] * len(finished_attempts)


async def record_attempts(
    context: Context, finished_attempts: Sequence[FinishedAttempt], *, healthy_endpoint_ids: Collection[str] = ()
) -> list[AttemptConsequence]:
    """Store the results of attempts: delivered, due again by the schedule, or dead letters at its end.

    A failed delivery that somebody asked to send again while the attempt was in flight is due as they were told.

    One transaction stores them all, and what they mean for the health of their endpoints. The attempts of one endpoint
    are in the order in which they ended. `healthy_endpoint_ids`: endpoints without a stored failure since their last
    success.
    """
    now, is_time_confirmed = context.now(), context.confirmed_now() is not None
    default_schedule = context.config.webhooks.retry_schedule
    failed_ids = {
        each.endpoint_id for each in finished_attempts if each.attempt.outcome is not AttemptOutcome.DELIVERED
    }

    def unit(tx: Transaction) -> list[AttemptConsequence]:
        failing_endpoints = endpoints.find_by_ids(tx, failed_ids)
        # As they are now: an attempt in flight while its endpoint was changed is followed by the new schedule.
        schedules = {each.id: choose_schedule(each, default_schedule) for each in failing_endpoints.values()}
        planned_consequences = [
            decide_next_attempt(
                finished.attempt,
                finished.due_delivery.attempts_before,
                schedules.get(finished.endpoint_id, default_schedule),
                now,
                context.random_fraction(),
            )
            for finished in finished_attempts
        ]
        consequences = deliveries.apply_attempts(tx, finished_attempts, planned_consequences, now)
        refusals = event_refusals.record(tx, finished_attempts, now)
        succeeded_ids = {each.endpoint_id for each in finished_attempts}.difference(failed_ids, healthy_endpoint_ids)
        endpoints_by_id = failing_endpoints | endpoints.find_failing_by_ids(tx, succeeded_ids)
        if endpoints_by_id:
            _update_health(
                context,
                tx,
                finished_attempts,
                consequences,
                endpoints_by_id,
                refusals.harmless_ids,
                now,
                is_time_confirmed=is_time_confirmed,
            )
        event_refusals.tell(context, tx, refusals.to_tell)
        return consequences

    return await context.database.write(unit)


async def drop_expired(context: Context, due: Sequence[DueDelivery]) -> None:
    """Drop deliveries whose events expired before they could be sent."""
    now = context.now()

    def unit(tx: Transaction) -> None:
        delivery_endings.drop(tx, [delivery.id for delivery in due], EXPIRED_MESSAGE, now)

    await context.database.write(unit)


def get_owned(snapshot: Snapshot, org_id: str | None, delivery_id: str) -> Delivery:
    """Get a delivery of an organization, or of any. Raises NotFound, also for another organization's."""
    delivery = delivery_history.find(snapshot, delivery_id)
    if delivery is None or not is_wanted_organization(org_id, delivery.org_id):
        raise NotFound(word("delivery_unknown", delivery=delivery_id))
    return delivery


def _update_health(
    context: Context,
    tx: Transaction,
    finished_attempts: Sequence[FinishedAttempt],
    consequences: Sequence[AttemptConsequence],
    endpoints_by_id: Mapping[str, Endpoint],
    harmless_ids: Collection[str],
    now: int,
    *,
    is_time_confirmed: bool,
) -> None:
    """Update endpoints' health by attempts.

    endpoints_by_id: those to which an attempt failed, or had failed before. harmless_ids: deliveries whose failure says
    nothing of their endpoint.
    """
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
        schedule = choose_schedule(endpoint, context.config.webhooks.retry_schedule)
        schedule_index = min(finished.attempt.number - finished.due_delivery.attempts_before, len(schedule) - 1)
        new_health, change = (
            (health, None)
            if finished.due_delivery.id in harmless_ids
            else apply_attempt(
                health, finished.attempt, schedule[schedule_index], now, is_time_confirmed=is_time_confirmed
            )
        )
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
