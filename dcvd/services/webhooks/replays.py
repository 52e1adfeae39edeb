"""Send again what has happened: one delivery at once, many by a job that survives a crash."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.events import OPERATIONAL_TYPES, EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import deliveries as delivery_service
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.store import events
from dcvd.store import jobs as jobs_table
from dcvd.store.engine.database import Snapshot, Topic, Transaction
from dcvd.store.webhooks import deliveries, endpoints, replays
from dcvd.store.webhooks.deliveries import NewDelivery
from dcvd.store.webhooks.replays import PastEvent

_BATCH_SIZE: Final = 200
"""Deliveries of one transaction, and events examined for them: the writer is never held for long."""
_COUNT_BATCH_SIZE: Final = 2_000


async def retry(context: Context, org_id: str, delivery_id: str) -> Delivery:
    """Send a delivery now. One that had ended, delivered or not, gets its full schedule again. Raises NotFound."""

    def unit(tx: Transaction) -> Delivery:
        delivery = delivery_service.get_owned(tx, org_id, delivery_id)
        now = context.now()
        if delivery.state is DeliveryState.PENDING:
            replays.make_due(tx, delivery_id, now)
        else:
            replays.requeue(tx, [delivery_id], now)
            _put_in_order(tx, [(delivery.endpoint_id, delivery.domain_id)], now)
        return delivery_service.get_owned(tx, org_id, delivery_id)

    return await context.database.write(unit)


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
    """Prepare the replay that `start_replay` would run, with its count.

    Raises NotFound, InvalidInput naming `since` or `until`.
    """
    until_at = context.now() + 1 if until is None else until
    if until is None and until_at <= since:
        raise InvalidInput("since", "since is in the future, so there is nothing to replay.")
    if until_at <= since:
        raise InvalidInput("until", "until is not later than since, so there is nothing to replay.")
    if status is ReplayStatus.MISSING:
        # Delivered deliveries that are older are deleted: their events would seem to be missing, and be sent again.
        since = max(since, context.now() - context.config.retention.deliveries)
    replay = Replay(
        endpoint_id=endpoint_id,
        status=status,
        events=None if types is None else tuple(types),
        since=since,
        until=until_at,
        total=0,
        after_delivery=earliest_id(IdPrefix.DELIVERY, since),
    )
    if endpoint_id is None or status is ReplayStatus.FAILED:
        return await context.database.read(lambda snapshot: _count_dead_letters(snapshot, org_id, replay))
    return await _count_events(context, org_id, endpoint_id, replay)


async def start_replay(context: Context, org_id: str, replay: Replay) -> Job:
    """Enqueue a job that makes due what was counted. Raises NotFound when its endpoint is removed."""

    def unit(tx: Transaction) -> Job:
        if replay.endpoint_id is not None:
            endpoint_service.get_owned(tx, org_id, replay.endpoint_id)
        return queue.enqueue(
            context,
            tx,
            JobKind.REPLAY,
            org_id=org_id,
            domain_id=None,
            domain_name=None,
            cf_id=None,
            replay=replay,
        )

    return await context.database.write(unit)


async def run_next_batch(context: Context, job: Job, *, batch_size: int = _BATCH_SIZE) -> Job | None:
    """Make the next batch of a replay due and store its progress; return None when it is done.

    It goes on from the stored progress, which may be further than `job` knows.
    """

    def unit(tx: Transaction) -> Job | None:
        stored = jobs_table.get(tx, job.id)
        if stored is None or stored.state is not JobState.PENDING:
            return None
        replay = stored.replay
        assert replay is not None, "a replay job has a replay"
        if replay.endpoint_id is None or replay.status is ReplayStatus.FAILED:
            next_replay = _requeue_dead_letters(context, tx, stored.org_id, replay, batch_size)
        else:
            next_replay = _queue_past_events(context, tx, replay.endpoint_id, replay, batch_size)
        if next_replay is None:
            queue.succeed(context, tx, stored)
            return None
        updated_job = replace(stored, replay=next_replay, updated_at=context.now())
        jobs_table.update(tx, updated_job)
        return updated_job

    return await context.database.write(unit)


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

    def query(snapshot: Snapshot) -> tuple[Endpoint, tuple[int, int] | None]:
        endpoint = endpoint_service.get_owned(snapshot, org_id, endpoint_id)
        return endpoint, events.find_sequence_range(snapshot, org_id, replay.since, replay.until - 1)

    endpoint, sequence_range = await context.database.read(query)
    if sequence_range is None:
        return replay
    first, last = sequence_range
    total, after = 0, first - 1
    while True:
        start = after
        past_events = await context.database.read(
            lambda snapshot, start=start: replays.list_past_events(  # type: ignore[misc]
                snapshot, org_id, endpoint_id, after=start, last=last, limit=_COUNT_BATCH_SIZE
            )
        )
        total += sum(_is_selected(endpoint, replay, event) for event in past_events)
        if len(past_events) < _COUNT_BATCH_SIZE:
            return replace(replay, total=total, after_sequence=first - 1, last_sequence=last)
        after = past_events[-1].sequence


def _requeue_dead_letters(
    context: Context, tx: Transaction, org_id: str, replay: Replay, batch_size: int
) -> Replay | None:
    dead_letters = replays.list_dead_letters(
        tx,
        org_id,
        replay.endpoint_id,
        after=replay.after_delivery,
        before=earliest_id(IdPrefix.DELIVERY, replay.until),
        types=replay.events,
        limit=batch_size,
    )
    if not dead_letters:
        return None
    now = context.now()
    replays.requeue(tx, [dead_letter.id for dead_letter in dead_letters], now)
    _put_in_order(tx, [(dead_letter.endpoint_id, dead_letter.domain_id) for dead_letter in dead_letters], now)
    return replace(replay, after_delivery=dead_letters[-1].id, progress=replay.progress + len(dead_letters))


def _queue_past_events(
    context: Context, tx: Transaction, endpoint_id: str, replay: Replay, batch_size: int
) -> Replay | None:
    endpoint = endpoints.get(tx, endpoint_id)
    if endpoint is None:
        return None
    past_events = replays.list_past_events(
        tx, endpoint.org_id, endpoint_id, after=replay.after_sequence, last=replay.last_sequence, limit=batch_size
    )
    if not past_events:
        return None
    now = context.now()
    selected_events = [event for event in past_events if _is_selected(endpoint, replay, event)]
    replays.requeue(tx, [event.delivery_id for event in selected_events if event.delivery_id is not None], now)
    deliveries.insert(
        tx,
        [
            NewDelivery(
                id=context.new_id(IdPrefix.DELIVERY),
                org_id=endpoint.org_id,
                endpoint_id=endpoint_id,
                event_id=event.id,
                event_type=event.type,
                domain_id=event.domain_id,
                sequence=event.sequence,
                due_at=now,
                created_at=now,
            )
            for event in selected_events
            if event.delivery_id is None
        ],
    )
    _put_in_order(tx, [(endpoint_id, event.domain_id) for event in selected_events], now)
    return replace(replay, after_sequence=past_events[-1].sequence, progress=replay.progress + len(selected_events))


def _is_selected(endpoint: Endpoint, replay: Replay, event: PastEvent) -> bool:
    if replay.events is not None and event.type not in replay.events:
        return False
    if event.delivery_id is None:
        # Events about deliveries themselves were meant for some endpoints only, from the beginning.
        return event.type not in OPERATIONAL_TYPES and (replay.events is not None or event.type in endpoint.events)
    return replay.status is ReplayStatus.ALL and event.state is not DeliveryState.PENDING


def _put_in_order(tx: Transaction, pairs: Sequence[tuple[str, str | None]], now: int) -> None:
    deliveries.put_in_order(tx, {(endpoint_id, domain_id) for endpoint_id, domain_id in pairs if domain_id}, now)
    for endpoint_id in {endpoint_id for endpoint_id, _ in pairs}:
        # Deliveries that were read ahead may have to wait behind an earlier event now.
        tx.announce(Topic.ENDPOINTS, endpoint_id)
