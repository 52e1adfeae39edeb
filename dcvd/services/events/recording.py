"""Record events: each gets its number, its exact bytes, and a delivery for every endpoint that subscribed."""

from collections.abc import Sequence

from dcvd.core.events import Event, EventDraft, build_body
from dcvd.core.ids import IdPrefix
from dcvd.core.retry_delays import add_jitter
from dcvd.services.context import Context
from dcvd.store import events
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import organizations
from dcvd.store.webhooks import deliveries, endpoints
from dcvd.store.webhooks.deliveries import NewDelivery


def record(
    context: Context,
    tx: Transaction,
    org_id: str,
    drafts: Sequence[EventDraft],
    *,
    except_endpoint_id: str | None = None,
) -> list[Event]:
    """Store events and their deliveries, in the transaction of the change that caused them.

    A disabled endpoint gets deliveries too: they are held for it. `except_endpoint_id`: the endpoint that the events
    are about, which gets none.
    """
    if not drafts:
        return []
    subscribers = endpoints.list_of_org(tx, org_id)
    first_delay_ms = context.config.webhooks.retry_schedule[0]
    recorded_events = record_without_deliveries(context, tx, org_id, drafts)
    new_deliveries = [
        NewDelivery(
            id=context.new_id(IdPrefix.DELIVERY),
            org_id=org_id,
            endpoint_id=endpoint.id,
            event_id=event.id,
            event_type=event.type,
            domain_id=event.domain_id,
            sequence=event.sequence,
            due_at=event.created_at + add_jitter(first_delay_ms, context.random_fraction()),
            created_at=event.created_at,
        )
        for event in recorded_events
        for endpoint in subscribers
        if event.type in endpoint.events and endpoint.id != except_endpoint_id
    ]
    deliveries.insert(tx, new_deliveries)
    return recorded_events


def record_without_deliveries(
    context: Context, tx: Transaction, org_id: str, drafts: Sequence[EventDraft]
) -> list[Event]:
    """Store events with the organization's next numbers, without a delivery to any endpoint."""
    now = context.now()
    new_events: list[Event] = []
    for draft, sequence in zip(drafts, organizations.allocate_sequences(tx, org_id, len(drafts)), strict=True):
        event_id = context.new_id(IdPrefix.EVENT)
        event = Event(
            id=event_id,
            org_id=org_id,
            sequence=sequence,
            type=draft.type,
            domain_id=draft.domain_id,
            body=build_body(draft, event_id=event_id, sequence=sequence, now=now),
            created_at=now,
            expires_at=draft.expires_at,
        )
        new_events.append(event)
    events.insert_all(tx, new_events)
    return new_events
