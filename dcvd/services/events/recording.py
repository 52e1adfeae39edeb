"""Record events: each gets its number, its exact bytes, and a delivery for every endpoint that subscribed."""

from collections.abc import Sequence

from msgspec import UNSET

from dcvd.core.events import Event, EventDraft, build_body
from dcvd.core.ids import IdPrefix
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.retry_delays import add_jitter
from dcvd.core.webhooks.delivery_settings import choose_schedule
from dcvd.core.webhooks.matching import is_data_matched
from dcvd.core.webhooks.subscriptions import is_subscribed
from dcvd.services.alerts.raising import raise_alerts
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

    Where the operator's programs are told, the events of all organizations are stored once more for them, with
    `org_id`, and with ids, numbers and deliveries of their own.
    """
    if not drafts:
        return []
    recorded_events = record_without_deliveries(context, tx, org_id, drafts)
    _add_deliveries(context, tx, recorded_events, drafts, except_endpoint_id)
    if org_id != OPERATOR_ORG_ID and organizations.has_operator(tx):
        copies = record_without_deliveries(context, tx, OPERATOR_ORG_ID, drafts, about_org_id=org_id)
        _add_deliveries(context, tx, copies, drafts, None)
    raise_alerts(context, tx, org_id, drafts)
    return recorded_events


def _add_deliveries(
    context: Context,
    tx: Transaction,
    recorded_events: Sequence[Event],
    drafts: Sequence[EventDraft],
    except_endpoint_id: str | None,
) -> None:
    subscribers = endpoints.share_of_org(tx, recorded_events[0].org_id)
    default_schedule = context.config.webhooks.retry_schedule
    new_deliveries = [
        NewDelivery(
            id=context.new_id(IdPrefix.DELIVERY),
            org_id=event.org_id,
            endpoint_id=endpoint.id,
            event_id=event.id,
            event_type=event.type,
            domain_id=event.domain_id,
            sequence=event.sequence,
            due_at=event.created_at
            + add_jitter(choose_schedule(endpoint, default_schedule)[0], context.random_fraction()),
            created_at=event.created_at,
            request_id=event.request_id,
        )
        for event, draft in zip(recorded_events, drafts, strict=True)
        for endpoint in subscribers
        if is_subscribed(endpoint.events, event.type) and endpoint.id != except_endpoint_id
        if endpoint.match is None or is_data_matched(endpoint.match, draft.data)
    ]
    deliveries.insert(tx, new_deliveries)


def record_without_deliveries(
    context: Context, tx: Transaction, org_id: str, drafts: Sequence[EventDraft], *, about_org_id: str | None = None
) -> list[Event]:
    """Store events with the organization's next numbers, without a delivery to any endpoint.

    about_org_id: for the operator's events, the organization that they are about.
    """
    now, envelope_org_id = context.now(), about_org_id if org_id == OPERATOR_ORG_ID else UNSET
    new_events: list[Event] = []
    sequences = organizations.allocate_sequences(tx, org_id, len(drafts))
    ids = context.new_ids(IdPrefix.EVENT, len(drafts))
    for draft, sequence, event_id in zip(drafts, sequences, ids, strict=True):
        event = Event(
            id=event_id,
            org_id=org_id,
            sequence=sequence,
            type=draft.type,
            domain_id=draft.domain_id,
            body=build_body(draft, event_id=event_id, sequence=sequence, now=now, org_id=envelope_org_id),
            created_at=now,
            expires_at=draft.expires_at,
            request_id=draft.request_id or context.caller.request_id,
        )
        new_events.append(event)
    events.insert_all(tx, new_events)
    return new_events
