"""Changes of endpoints' health, as their organization is told of them."""

from typing import Final

import structlog

from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import format_instant
from dcvd.core.webhooks.advice import word_advice, word_as_call
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.event_refusals import EventRefusal, advise_on_refusal
from dcvd.core.webhooks.health import FAILING_AFTER_MS, FAILING_ATTEMPTS, EndpointHealth, HealthChange, apply_time
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import endpoints

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 100


async def apply_time_to_all(context: Context) -> int:
    """Call those endpoints failing that have failed for long enough by now; return how many.

    Attempts lie hours apart at the end of a schedule: the next one may be too late to tell it.
    """
    now = context.now()

    def unit(tx: Transaction) -> int:
        doubtful_endpoints = endpoints.list_in_doubt(
            tx, min_failures=FAILING_ATTEMPTS, latest_since_at=now - FAILING_AFTER_MS, limit=_BATCH_SIZE
        )
        for endpoint in doubtful_endpoints:
            health, change = apply_time(endpoint.health, now)
            if change is not None:
                endpoints.update_health(tx, endpoint.id, health)
                record_change(context, tx, endpoint, change, health)
        return len(doubtful_endpoints)

    total = 0
    while (count := await context.database.write(unit)) == _BATCH_SIZE:
        total += count
    return total + count


def record_change(
    context: Context, tx: Transaction, endpoint: Endpoint, change: HealthChange, health: EndpointHealth
) -> None:
    """Tell the organization's other endpoints how the health of an endpoint has changed to `health`."""
    log.warning("endpoint.changed", endpoint_id=endpoint.id, org_id=endpoint.org_id, change=change)
    recording.record(
        context, tx, endpoint.org_id, [_draft_event(endpoint, change, health)], except_endpoint_id=endpoint.id
    )


def record_refusal(context: Context, tx: Transaction, endpoint: Endpoint, refusal: EventRefusal) -> None:
    """Tell the organization's other endpoints that an endpoint refuses a type of event for good."""
    answer = refusal.lasting_answer
    assert answer is not None, "only what is for good is told"
    log.warning(
        "endpoint.refuses",
        endpoint_id=endpoint.id,
        org_id=endpoint.org_id,
        event_type=refusal.event_type,
        status=answer.status_code,
    )
    data: EventData = {
        **_describe_endpoint(endpoint),
        **_describe_failures(endpoint.health),
        "refused": {
            "event_type": refusal.event_type.value,
            "status_code": answer.status_code,
            "attempts": answer.attempts,
            "since": format_instant(answer.first_at),
            "answer": answer.excerpt,
            "delivery_id": answer.delivery_id,
            "fix": word_advice(advise_on_refusal(refusal.event_type, answer), word_as_call),
        },
    }
    draft = EventDraft(EventType.ENDPOINT_FAILING, data)
    recording.record(context, tx, endpoint.org_id, [draft], except_endpoint_id=endpoint.id)


def _describe_endpoint(endpoint: Endpoint) -> EventData:
    return {"endpoint_id": endpoint.id, "endpoint_name": endpoint.name, "url": endpoint.url}


def _describe_failures(health: EndpointHealth) -> EventData:
    return {
        "failed_attempts": health.failures,
        "failing_since": format_instant(health.failing_since),
        "error": health.last_error,
        "status_code": health.last_status_code,
    }


def _draft_event(endpoint: Endpoint, change: HealthChange, health: EndpointHealth) -> EventDraft:
    data = _describe_endpoint(endpoint)
    if change is HealthChange.RECOVERED:
        return EventDraft(EventType.ENDPOINT_RECOVERED, data)
    event_type = EventType.ENDPOINT_FAILING
    if change is HealthChange.DISABLED:
        event_type = EventType.ENDPOINT_DISABLED
        data["reason"] = health.reason
    data |= _describe_failures(health)
    if event_type is EventType.ENDPOINT_FAILING:
        data["refused"] = None
    return EventDraft(event_type, data)
