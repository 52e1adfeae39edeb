"""Recording events: each gets its number, its exact bytes, and a delivery for every endpoint that subscribed."""

from collections.abc import Sequence

from dcvd.core.backoff import jittered
from dcvd.core.events import Event, EventDraft, build_body
from dcvd.core.ids import Prefix
from dcvd.services.context import Context
from dcvd.store import deliveries, endpoints, events, organizations
from dcvd.store.database import Transaction
from dcvd.store.deliveries import NewDelivery


def record(context: Context, tx: Transaction, org_id: str, drafts: Sequence[EventDraft]) -> None:
    """Store events and what is owed for them, in the transaction of the change that caused them."""
    if not drafts:
        return
    now = context.now()
    subscribers = endpoints.subscribers(tx, org_id)
    first = context.config.webhooks.retry_schedule[0]
    for draft, sequence in zip(drafts, organizations.next_sequences(tx, org_id, len(drafts)), strict=True):
        event_id = context.new_id(Prefix.EVENT)
        body = build_body(draft, event_id=event_id, sequence=sequence, now=now)
        events.insert(
            tx,
            Event(
                id=event_id,
                org_id=org_id,
                sequence=sequence,
                type=draft.type,
                domain_id=draft.domain_id,
                body=body,
                created_at=now,
            ),
        )
        for endpoint in subscribers:
            if draft.type in endpoint.events:
                deliveries.insert(
                    tx,
                    NewDelivery(
                        id=context.new_id(Prefix.DELIVERY),
                        org_id=org_id,
                        endpoint_id=endpoint.id,
                        event_id=event_id,
                        due_at=now + jittered(first, context.fraction()),
                        created_at=now,
                    ),
                )
