"""Send again what has happened: one delivery at once, many by a `replay` job that is prepared here."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.events import OPERATIONAL_TYPES, EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState, is_waiting
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.matching import is_body_matched
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.core.webhooks.subscriptions import is_subscribed
from dcvd.errors import Conflict, InvalidInput
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries as delivery_service
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.store import events
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import delivery_order, replays
from dcvd.store.webhooks.awaited_deliveries import find_awaited
from dcvd.store.webhooks.replays import PastEvent

_COUNT_BATCH_SIZE: Final = 2_000


async def retry(
    context: Context,
    org_id: str,
    delivery_id: str,
    *,
    in_transaction: Callable[[Transaction, Delivery], None] | None = None,
) -> Delivery:
    """Send a delivery now. One that had ended, delivered or not, gets its full schedule again.

    Raises NotFound, and Conflict for one that waits for an earlier one: it could not be sent now.

    in_transaction: called with the delivery in the transaction that makes it due, at the end.
    """

    def unit(tx: Transaction) -> Delivery:
        delivery = delivery_service.get_owned(tx, org_id, delivery_id)
        now = context.now()
        if delivery.state is DeliveryState.PENDING:
            _refuse_waiting(tx, delivery)
            replays.make_due(tx, delivery_id, now)
        else:
            replays.requeue(tx, [delivery_id], now)
            delivery_order.put_in_order(tx, [(delivery.endpoint_id, delivery.domain_id)], now)
        due_delivery = delivery_service.get_owned(tx, org_id, delivery_id)
        before = {"status": delivery.state.value, "attempts": delivery.attempts}
        audit.record(context, tx, org_id, AuditAction.DELIVERY_RETRIED, delivery_id, before=before)
        if in_transaction is not None:
            in_transaction(tx, due_delivery)
        return due_delivery

    return await context.database.write(unit)


def _refuse_waiting(snapshot: Snapshot, delivery: Delivery) -> None:
    """Raise Conflict for a delivery that waits for an earlier one, naming that one and the ways out."""
    awaited = find_awaited(snapshot, [delivery.id]).get(delivery.id) if is_waiting(delivery) else None
    if awaited is not None:
        path = f"/api/deliveries/{awaited.id}"
        raise Conflict(
            word(
                "delivery_waits_for_earlier",
                delivery=delivery.id,
                earlier=awaited.id,
                type=awaited.event_type.value,
                path=path,
            ),
            code="waits_for_earlier",
            existing_id=awaited.id,
        )


async def prepare_replay(
    context: Context,
    org_id: str,
    endpoint_id: str | None,
    *,
    status: ReplayStatus,
    types: Sequence[EventType] | None = None,
    since: int = 0,
    until: int | None = None,
) -> Replay:
    """Prepare the replay that `replay_job.start_replay` would run, with its count.

    Raises NotFound, InvalidInput naming `since` or `until`.
    """
    until_at = context.now() + 1 if until is None else until
    if until is None and until_at <= since:
        raise InvalidInput("since", word("since_in_future"))
    if until_at <= since:
        raise InvalidInput("until", word("until_before_since"))
    replay = Replay(
        endpoint_id=endpoint_id,
        status=status,
        events=None if types is None else tuple(types),
        since=since,
        until=until_at,
        total=0,
        after_delivery=earliest_id(IdPrefix.DELIVERY, since),
    )
    if endpoint_id is None or status is ReplayStatus.DEAD:
        return await context.database.read(lambda snapshot: _count_dead_letters(snapshot, org_id, replay))
    return await _count_events(context, org_id, endpoint_id, replay)


def _count_dead_letters(snapshot: Snapshot, org_id: str, replay: Replay) -> Replay:
    if replay.endpoint_id is not None:
        endpoint_service.get_owned(snapshot, org_id, replay.endpoint_id)
    total = replays.count_dead_letters(
        snapshot,
        org_id,
        replay.endpoint_id,
        after=replay.after_delivery,
        before=earliest_id(IdPrefix.DELIVERY, replay.until),
        types=replay.events,
    )
    return replace(replay, total=total)


async def _count_events(context: Context, org_id: str, endpoint_id: str, replay: Replay) -> Replay:
    """Count the events in steps, so that a long history holds no reader for long."""

    def query(snapshot: Snapshot) -> tuple[Endpoint, int, tuple[int, int] | None]:
        endpoint = endpoint_service.get_owned(snapshot, org_id, endpoint_id)
        history_start = find_history_start(context, endpoint)
        since = max(replay.since, history_start) if replay.status is ReplayStatus.MISSING else replay.since
        return endpoint, history_start, events.find_sequence_range(snapshot, org_id, since, replay.until - 1)

    endpoint, history_start, sequence_range = await context.database.read(query)
    if sequence_range is None:
        return replay
    first, last = sequence_range
    total, after = 0, first - 1
    while True:
        start = after
        past_events = await context.database.read(
            lambda snapshot, start=start: replays.list_past_events(  # type: ignore[misc]
                snapshot, endpoint, after=start, last=last, limit=_COUNT_BATCH_SIZE
            )
        )
        total += sum(is_selected(endpoint, replay, event, history_start) for event in past_events)
        if len(past_events) < _COUNT_BATCH_SIZE:
            return replace(replay, total=total, after_sequence=first - 1, last_sequence=last)
        after = past_events[-1].sequence


def find_history_start(context: Context, endpoint: Endpoint) -> int:
    """Find the instant before which an event without a delivery may have been delivered to the endpoint.

    Deliveries from before it were deleted, also where they would be kept now, or may be deleted at any time.
    """
    return max(endpoint.history_starts_at, context.now() - context.config.retention.deliveries)


def is_selected(endpoint: Endpoint, replay: Replay, event: PastEvent, history_start: int) -> bool:
    """Whether a replay sends an event to the endpoint again.

    history_start: see `find_history_start`, as it is when the event is read. An older event is not known to be missing.
    What has a delivery was meant for the endpoint, whatever it matches by now.
    """
    if replay.events is not None and event.type not in replay.events:
        return False
    if event.delivery_id is None:
        if replay.status is ReplayStatus.MISSING and event.created_at < history_start:
            return False
        # Events about deliveries themselves were meant for some endpoints only, from the beginning.
        if event.type in OPERATIONAL_TYPES or (
            replay.events is None and not is_subscribed(endpoint.events, event.type)
        ):
            return False
        return event.body is None or endpoint.match is None or is_body_matched(endpoint.match, event.body)
    return replay.status is ReplayStatus.ALL and event.state is not DeliveryState.PENDING
