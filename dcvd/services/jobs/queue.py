"""The job queue: jobs are enqueued in the transaction that needs them and ended in the one that stores their result."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.domains.domain import Domain
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import to_rfc3339
from dcvd.core.jobs import Cause, Job, JobKind, JobState, Outage, decide_after_failure, encode_payload
from dcvd.core.lifecycle.domain_events import label_event_data
from dcvd.core.operators import is_wanted_organization
from dcvd.core.sentences.wording import word
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.errors import (
    Conflict,
    DatabaseUnusable,
    DcvdError,
    DiskFull,
    NotFound,
    OutcomeUnknown,
    OwnLimitReached,
    RestartNeeded,
    StoreError,
)
from dcvd.services import audit, reach, timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store import domains
from dcvd.store.engine.paging import MAX_EXAMINED, Page, collect_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import dead_jobs, due_times, jobs, turns

log = structlog.get_logger(__name__)

P = TypeVar("P", bound=Struct)

RecordDeath = Callable[[Context, Transaction, Job], None]
"""Records what follows from a job's becoming a dead letter, in the same unit of work."""

_OWN_OUTAGES: Final = tuple(
    Outage(error.code)
    for error in (StoreError, DiskFull, OutcomeUnknown, DatabaseUnusable, OwnLimitReached, RestartNeeded)
)
"""The outages of dcvd itself, by which a job of any kind can fail."""


def enqueue(
    context: Context,
    tx: Transaction,
    kind: JobKind[P],
    payload: P,
    *,
    org_id: str,
    domain_id: str | None = None,
    domain_name: str | None = None,
    connection_id: str | None = None,
) -> Job:
    """Enqueue a job, due at once."""
    turn, job_id = turns.find_next_turn(tx, org_id, kind.name), context.new_id(IdPrefix.JOB)
    job = _build_job(context, context.now(), job_id, kind, payload, org_id, domain_id, domain_name, connection_id, turn)
    jobs.insert(tx, job, waits_for=kind.waits_for)
    return job


def enqueue_for(
    context: Context, tx: Transaction, kind: JobKind[P], domain: Domain, payload: P, *, connection_id: str | None = None
) -> Job:
    """Enqueue a job about a domain, due at once."""
    return enqueue(
        context,
        tx,
        kind,
        payload,
        org_id=domain.org_id,
        domain_id=domain.id,
        domain_name=domain.name,
        connection_id=connection_id,
    )


def enqueue_for_all(
    context: Context,
    tx: Transaction,
    kind: JobKind[P],
    org_id: str,
    domains: Sequence[Domain],
    build_payload: Callable[[Domain], P],
    *,
    is_through_connection: bool = False,
    request_ids: Mapping[str, str] = {},
) -> list[Job]:
    """Enqueue a job about each of an organization's domains, due at once and in their order.

    is_through_connection: whether each works through the connection that its domain has.
    request_ids: by the ids of domains, the HTTP requests that cause their jobs, where that is not the caller's one.
    """
    first_turn, now = turns.find_next_turn(tx, org_id, kind.name), context.now()
    ids = context.new_ids(IdPrefix.JOB, len(domains))
    new_jobs = [
        _build_job(
            context,
            now,
            job_id,
            kind,
            build_payload(domain),
            org_id,
            domain.id,
            domain.name,
            domain.connection_id if is_through_connection else None,
            turn,
            request_ids.get(domain.id),
        )
        for turn, (job_id, domain) in enumerate(zip(ids, domains, strict=True), first_turn)
    ]
    jobs.insert_all(tx, new_jobs, waits_for=kind.waits_for)
    return new_jobs


def succeed(context: Context, tx: Transaction, job: Job) -> bool:
    """Mark a job as done, in the unit of work that stores its result; return whether it was pending.

    One that has ended meanwhile stays as it ended, and as its owner was told: its connection or domain was removed.
    """
    stored = jobs.get(tx, job.id)
    if stored is None:
        return False
    done_job = replace(
        stored,
        state=JobState.DONE,
        attempts=stored.attempts + 1,
        next_attempt_at=None,
        outage_attempts=0,
        updated_at=context.now(),
    )
    return jobs.update(tx, done_job)


async def complete(context: Context, job: Job) -> None:
    """Mark a job as done that has no other result to store: its work was done already, or is not wanted any more."""
    await context.database.write(lambda tx: succeed(context, tx, job))


async def fail(
    context: Context,
    job: Job,
    error: DcvdError,
    outages: Collection[Outage] = (),
    record_death: RecordDeath | None = None,
) -> Job:
    """Record a failed attempt: plan the next one or make the job a dead letter, and record its events.

    outages, record_death: those of the job's kind, see `JobDefinition`.
    """
    return await context.database.write(lambda tx: record_failure(context, tx, job, error, outages, record_death))


def internal_failure_error(error: Exception) -> DcvdError:
    """Turn a fault of dcvd's own into a job's error; the log alone says what exactly it was."""
    code = error.code if isinstance(error, StoreError) else None
    message = f"dcvd itself failed at this job ({type(error).__name__}); its log says more. It is tried again."
    return DcvdError(message, code=code)


def record_failure(
    context: Context,
    tx: Transaction,
    job: Job,
    error: DcvdError,
    outages: Collection[Outage] = (),
    record_death: RecordDeath | None = None,
) -> Job:
    """Like `fail`, but inside a larger unit of work. A job that has ended meanwhile stays as it ended.

    One that was planned anew during the attempt, because somebody asked for another, stays planned like that.
    """
    stored = jobs.get(tx, job.id)
    if stored is None or stored.state is not JobState.PENDING:
        return job
    now = context.now()
    # The stored row counts: a replay may have progressed beyond `job` as it was read.
    consequence = decide_after_failure(
        error,
        stored,
        max_attempts=context.config.jobs.max_attempts,
        outages=(*outages, *_OWN_OUTAGES),
        now=now,
        random_fraction=context.random_fraction(),
        planned_at=stored.next_attempt_at if stored.next_attempt_at != job.next_attempt_at else None,
    )
    failed_job = replace(
        stored,
        state=consequence.state,
        attempts=consequence.attempts,
        outage_attempts=consequence.outage_attempts,
        next_attempt_at=consequence.next_attempt_at,
        last_error_code=error.code,
        last_error=error.message,
        updated_at=now,
    )
    jobs.update(tx, failed_job)
    is_dead = consequence.state is JobState.DEAD
    event_types = [EventType.JOB_FAILED] if consequence.has_event else []
    if is_dead:
        event_types.append(EventType.JOB_DLQ)
    if event_types:
        domain = None if job.domain_id is None else domains.get(tx, job.domain_id)
        drafts = [_draft_event(event_type, failed_job, domain) for event_type in event_types]
        recording.record(context, tx, job.org_id, drafts)
    if is_dead and record_death is not None:
        record_death(context, tx, failed_job)
    return failed_job


async def list_page(
    context: Context,
    org_id: str | None,
    *,
    state: JobState | None,
    kind: str | None = None,
    error_code: str | None = None,
    cursor: str | None,
    limit: int,
    max_examined: int = MAX_EXAMINED,
) -> Page[Job]:
    """List the jobs of an organization, or of all, that the caller may know of, newest first.

    error_code: only those whose last error has it.

    Only so many are examined: with a kind, an error, with all organizations, and where the caller is limited to some
    domains, a page may be short of its limit, and still have a next one.
    """
    before = decode_cursor(cursor)

    def fetch(snapshot: Snapshot, before: str | None, count: int) -> list[Job]:
        if org_id is None and state is JobState.DEAD and kind is not None and error_code is not None:
            return dead_jobs.list_of_cause(snapshot, Cause(kind, error_code), before=before, limit=count)
        if org_id is None:
            return jobs.list_of_all(snapshot, state=state, before=before, limit=count)
        return jobs.list_of_org(snapshot, org_id, state=state, before=before, limit=count)

    def matches(job: Job) -> bool:
        return (
            is_wanted_organization(org_id, job.org_id)
            and state in (None, job.state)
            and kind in (None, job.kind)
            and error_code in (None, job.last_error_code)
            and reach.covers(context, job.domain_id, job.domain_name)
        )

    return await context.database.read(
        lambda snapshot: collect_page(
            partial(fetch, snapshot),
            before,
            limit=limit,
            matches=matches,
            key=lambda job: job.id,
            max_examined=max_examined,
        )
    )


async def get(context: Context, org_id: str | None, job_id: str) -> Job:
    """Get a job of an organization, or of any, by its id. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> Job:
        job = _check_owner(jobs.get(snapshot, job_id), org_id, job_id)
        return replace(job, connection_id=reach.limit_connection(context, snapshot, job.connection_id))

    return await context.database.read(query)


async def retry(context: Context, org_id: str, job_id: str, *, actor: str = DAEMON_ACTOR) -> Job:
    """Make a job due now; a dead letter gets all its attempts again. Raises NotFound, Conflict when it is done.

    A job in an outage begins anew with short delays, and an event says whether the outage lasts.
    """

    def unit(tx: Transaction) -> Job:
        job = _check_owner(jobs.get(tx, job_id), org_id, job_id)
        if job.state is JobState.DONE:
            raise Conflict(word("job_done", job=job_id), code="job_done")
        due_job = make_due(context, tx, job, actor=actor)
        context.remember_result(tx, lambda: due_job)
        return due_job

    return await context.database.write(unit)


def make_due(context: Context, tx: Transaction, job: Job, *, actor: str) -> Job:
    """Make a job due that is not done, as `retry` does, in a larger unit of work."""
    now = context.now()
    due_job = replace(job, state=JobState.PENDING, next_attempt_at=now, outage_attempts=0, updated_at=now)
    if job.state is JobState.DEAD:
        # Turns begin anew whenever no job is ready: the one that it had may be far behind now.
        next_turn = turns.find_next_turn(tx, job.org_id, job.kind)
        due_job = replace(due_job, attempts=0, turn=min(job.turn, next_turn))
    jobs.update(tx, due_job, expected_state=job.state)
    if job.domain_id is not None:
        timeline.record_request(
            context, tx, job.org_id, job.domain_id, actor=actor, what="job_retried", detail=f"{job.kind} {job.id}"
        )
    before = {"attempts": job.attempts, "status": job.state.value}
    audit.record(context, tx, job.org_id, AuditAction.JOB_RETRIED, job.id, before=before, after={"kind": job.kind})
    return due_job


async def end_outage(context: Context, codes: Collection[str], *, batch_size: int = due_times.MAX_AT_ONCE) -> int:
    """Make due the jobs that waited only for the end of an outage with one of these codes; return how many."""
    now, total, count = context.now(), 0, batch_size
    while count == batch_size:
        count = await context.database.write(lambda tx: due_times.end_outage(tx, codes, now, batch_size))
        total += count
    if total:
        log.info("jobs.outage_ended", jobs=total)
    return total


def _build_job(
    context: Context,
    now: int,
    job_id: str,
    kind: JobKind[P],
    payload: P,
    org_id: str,
    domain_id: str | None,
    domain_name: str | None,
    connection_id: str | None,
    turn: int,
    request_id: str | None = None,
) -> Job:
    return Job(
        id=job_id,
        org_id=org_id,
        kind=kind.name,
        state=JobState.PENDING,
        domain_id=domain_id,
        domain_name=domain_name,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
        turn=turn,
        connection_id=connection_id,
        payload=encode_payload(payload),
        ends_with_domain=kind.ends_with_domain,
        request_id=request_id or context.caller.request_id,
    )


def _check_owner(job: Job | None, org_id: str | None, job_id: str) -> Job:
    if job is None or not is_wanted_organization(org_id, job.org_id):
        raise NotFound(word("job_unknown", job=job_id))
    return job


def _draft_event(event_type: EventType, job: Job, domain: Domain | None) -> EventDraft:
    data: EventData = {
        "job_id": job.id,
        "job_kind": job.kind,
        "domain_id": job.domain_id,
        "domain_name": job.domain_name,
        "connection_id": job.connection_id,
        "action": job.action,
        "attempts": job.attempts,
        "error": {"code": job.last_error_code, "message": job.last_error},
        "next_attempt_at": None if job.next_attempt_at is None else to_rfc3339(job.next_attempt_at),
        **label_event_data(domain),
    }
    return EventDraft(event_type, data, job.domain_id)
