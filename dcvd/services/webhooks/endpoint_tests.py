"""Tries of an endpoint at its tenant's wish: a `webhook.test` event for it alone, sent once."""

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import Event, EventDraft, EventType, build_body
from dcvd.core.ids import Prefix
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptOutcome,
    Consequence,
    Delivery,
    DeliveryState,
    DueDelivery,
    NextReason,
)
from dcvd.core.webhooks.endpoint import OpenedEndpoint
from dcvd.errors import Conflict
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.store.engine.database import Transaction
from dcvd.store.webhooks import attempts, deliveries, endpoints
from dcvd.store.webhooks.attempts import MadeAttempt
from dcvd.store.webhooks.deliveries import Ended


class Probe(Struct, frozen=True, kw_only=True):
    """What is to be sent: the event is stored, its delivery only with the attempt, since it is never tried again."""

    opened: OpenedEndpoint
    event: Event
    due: DueDelivery


async def begin(context: Context, org_id: str, endpoint_id: str, text: str) -> Probe:
    """A test event about an endpoint, owed to nobody. Raises NotFound, Conflict when its secrets cannot be read."""

    def unit(tx: Transaction) -> Probe:
        webhooks.owned(tx, org_id, endpoint_id)
        opened = webhooks.opened(context, tx, endpoint_id)
        if opened is None:
            message = f"The secrets of {endpoint_id} cannot be read; rotate its secret, or ask your operator."
            raise Conflict(message, code="secrets_unreadable")
        draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": endpoint_id, "message": text})
        (event,) = recording.number(context, tx, org_id, [draft])
        due = DueDelivery(
            id=context.new_id(Prefix.DELIVERY),
            event_id=event.id,
            event_type=event.type,
            domain_id=None,
            attempts=0,
            attempts_before=0,
            expires_at=None,
            body=event.body,
        )
        return Probe(opened=opened, event=event, due=due)

    return await context.database.write(unit)


def imitation(context: Context, probe: Probe, text: str) -> Event:
    """An event like a probe's, with an identifier of its own, that is stored nowhere: a receiver is to refuse it."""
    event_id = context.new_id(Prefix.EVENT)
    draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": probe.opened.endpoint.id, "message": text})
    body = build_body(draft, event_id=event_id, sequence=probe.event.sequence, now=context.now())
    return replace(probe.event, id=event_id, body=body)


async def end(context: Context, probe: Probe, attempt: Attempt) -> tuple[Delivery, MadeAttempt]:
    """Store a test's only attempt. It says nothing of the endpoint's health: a disabled one may be tested as well."""
    now = context.now()
    delivered = attempt.outcome is AttemptOutcome.DELIVERED
    state = DeliveryState.DELIVERED if delivered else DeliveryState.DEAD
    reason = NextReason.DELIVERED if delivered else NextReason.ONCE
    delivery = Delivery(
        id=probe.due.id,
        org_id=probe.event.org_id,
        endpoint_id=probe.opened.endpoint.id,
        event_id=probe.event.id,
        event_type=probe.event.type,
        domain_id=None,
        sequence=probe.event.sequence,
        state=state,
        attempts=attempt.number,
        attempts_before=0,
        next_attempt_at=None,
        last_error=attempt.error,
        created_at=attempt.started_at,
        updated_at=now,
    )

    def unit(tx: Transaction) -> None:
        if endpoints.get(tx, delivery.endpoint_id) is None:
            # It was removed while the test was under way; its tenant gets the answer all the same.
            return
        deliveries.insert_ended(tx, delivery)
        consequence = Consequence(state=state, next_attempt_at=None, reason=reason)
        attempts.insert(
            tx, [Ended(due=probe.due, endpoint_id=delivery.endpoint_id, attempt=attempt, consequence=consequence)]
        )

    await context.database.write(unit)
    return delivery, MadeAttempt(attempt=attempt, next_attempt_at=None, next_reason=reason)
