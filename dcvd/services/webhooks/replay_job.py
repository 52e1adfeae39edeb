"""The `replay` job: make past events due again, batch by batch, each with its progress."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.events import EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.jobs import Job, JobKind, JobState, encode_payload
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobLimits, JobRun
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.services.webhooks.replays import find_history_start, is_selected, prepare_replay
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs
from dcvd.store.webhooks import deliveries, delivery_order, endpoints, replays
from dcvd.store.webhooks.deliveries import NewDelivery

REPLAY: Final = JobKind("replay", Replay)

_BATCH_SIZE: Final = 200
"""Deliveries of one transaction, and events examined for them: the writer is never held for long."""


async def perform(run: JobRun[Replay], *, batch_size: int = _BATCH_SIZE) -> None:
    """Run a replay to its end; after a crash it goes on from its stored progress."""
    pending_job: Job | None = run.job
    while pending_job is not None:
        pending_job = await run_next_batch(run.context, pending_job, batch_size=batch_size)


class RequestedReplay(Struct, frozen=True):
    """A replay with its count, and the job that was started for it; None after a dry run."""

    replay: Replay
    job: Job | None


async def request_replay(
    context: Context,
    org_id: str,
    endpoint_id: str | None,
    *,
    status: ReplayStatus,
    types: Sequence[EventType] | None = None,
    since: int = 0,
    until: int | None = None,
    dry_run: bool = False,
) -> RequestedReplay:
    """Prepare a replay and start its job. Raises what `prepare_replay` and `start_replay` raise."""
    replay = await prepare_replay(context, org_id, endpoint_id, status=status, types=types, since=since, until=until)
    return RequestedReplay(replay, None if dry_run else await start_replay(context, org_id, replay))


async def start_replay(context: Context, org_id: str, replay: Replay) -> Job:
    """Enqueue a job that makes due what was counted. Raises NotFound when its endpoint is removed."""

    def unit(tx: Transaction) -> Job:
        if replay.endpoint_id is not None:
            endpoint_service.get_owned(tx, org_id, replay.endpoint_id)
        job = queue.enqueue(context, tx, REPLAY, replay, org_id=org_id)
        after = {"webhookId": replay.endpoint_id, "status": replay.status.value}
        audit.record(context, tx, org_id, AuditAction.REPLAY_REQUESTED, job.id, after=after)
        context.remember_result(tx, lambda: RequestedReplay(replay, job))
        return job

    return await context.database.write(unit)


async def run_next_batch(context: Context, job: Job, *, batch_size: int = _BATCH_SIZE) -> Job | None:
    """Make the next batch of a replay due and store its progress; return None when it is done.

    It goes on from the stored progress, which may be further than `job` knows.
    """

    def unit(tx: Transaction) -> Job | None:
        stored = jobs.get(tx, job.id)
        if stored is None or stored.state is not JobState.PENDING:
            return None
        replay = REPLAY.decode_payload(stored)
        if replay.endpoint_id is None or replay.status is ReplayStatus.DEAD:
            next_replay = _requeue_dead_letters(context, tx, stored.org_id, replay, batch_size)
        else:
            next_replay = _queue_past_events(context, tx, replay.endpoint_id, replay, batch_size)
        if next_replay is None:
            queue.succeed(context, tx, stored)
            return None
        updated_job = replace(stored, payload=encode_payload(next_replay), updated_at=context.now())
        jobs.update(tx, updated_job)
        return updated_job

    return await context.database.write(unit)


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
    delivery_order.put_in_order(
        tx, [(dead_letter.endpoint_id, dead_letter.domain_id) for dead_letter in dead_letters], now
    )
    return replace(replay, after_delivery=dead_letters[-1].id, progress=replay.progress + len(dead_letters))


def _queue_past_events(
    context: Context, tx: Transaction, endpoint_id: str, replay: Replay, batch_size: int
) -> Replay | None:
    endpoint = endpoints.get(tx, endpoint_id)
    if endpoint is None:
        return None
    past_events = replays.list_past_events(
        tx, endpoint, after=replay.after_sequence, last=replay.last_sequence, limit=batch_size
    )
    if not past_events:
        return None
    now = context.now()
    history_start = find_history_start(context, endpoint)
    selected_events = [event for event in past_events if is_selected(endpoint, replay, event, history_start)]
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
                request_id=context.caller.request_id,
            )
            for event in selected_events
            if event.delivery_id is None
        ],
    )
    delivery_order.put_in_order(tx, [(endpoint_id, event.domain_id) for event in selected_events], now)
    return replace(replay, after_sequence=past_events[-1].sequence, progress=replay.progress + len(selected_events))


DEFINITION: Final = JobDefinition(
    kind=REPLAY,
    perform=perform,
    rank=30,
    # A replay holds its slot to its end, and an organization may ask for any number of them.
    limits=JobLimits(share=1 / 2, share_per_org=1 / 4),
)
