"""The job queue: jobs are enqueued in the transaction that needs them and ended in the one that stores their result."""

from collections.abc import Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import HOUR, SECOND, to_rfc3339
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.core.records.zones import DnsWrite
from dcvd.core.retry_delays import job_delay_ms
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.core.webhooks.replays import Replay
from dcvd.errors import Conflict, DcvdError, NotFound, Permanent, Retryable
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store import jobs
from dcvd.store.engine.database import Transaction
from dcvd.store.engine.paging import Page, build_page, decode_cursor

log = structlog.get_logger(__name__)

MAX_DELAY_MS: Final = 2 * HOUR
"""No job is planned further ahead than this; one that is was planned by a clock that has since been put back."""

_OUTAGE_CODES: Final = frozenset(
    {
        "cloudflare_unavailable",
        "cloudflare_rate_limited",
        "cloudflare_unauthorized",
        "quota_exceeded",
        "token_endpoint_unavailable",
        "oauth_client_refused",
    }
)
"""Failures that say nothing about the job: it waits as long as they last, and never becomes a dead letter by them."""

_ABANDONED_KINDS: Final = (JobKind.REGISTER, JobKind.REVALIDATE, JobKind.WRITE_DNS)


def enqueue(
    context: Context,
    tx: Transaction,
    kind: JobKind,
    *,
    org_id: str,
    domain_id: str | None,
    domain_name: str | None,
    cf_id: str | None = None,
    connection_id: str | None = None,
    replay: Replay | None = None,
    dns_write: DnsWrite | None = None,
) -> Job:
    """Enqueue a job, due at once."""
    job = _build_job(
        context,
        kind,
        context.now(),
        org_id=org_id,
        domain_id=domain_id,
        domain_name=domain_name,
        cf_id=cf_id,
        turn=jobs.find_next_turn(tx, org_id, kind),
        connection_id=connection_id,
        replay=replay,
        dns_write=dns_write,
    )
    jobs.insert(tx, job)
    return job


def enqueue_for(context: Context, tx: Transaction, kind: JobKind, domain: Domain) -> Job:
    """Enqueue a job about a domain, due at once."""
    return enqueue(
        context, tx, kind, org_id=domain.org_id, domain_id=domain.id, domain_name=domain.name, cf_id=domain.cf_id
    )


def enqueue_for_all(
    context: Context,
    tx: Transaction,
    kind: JobKind,
    org_id: str,
    domains: Sequence[Domain],
    *,
    dns_write: DnsWrite | None = None,
) -> list[Job]:
    """Enqueue a job about each of an organization's domains, due at once and in their order.

    With `dns_write`, each works through the connection that its domain has.
    """
    now = context.now()
    first_turn = jobs.find_next_turn(tx, org_id, kind)
    new_jobs = [
        _build_job(
            context,
            kind,
            now,
            org_id=org_id,
            domain_id=domain.id,
            domain_name=domain.name,
            cf_id=domain.cf_id,
            turn=turn,
            connection_id=None if dns_write is None else domain.connection_id,
            dns_write=dns_write,
        )
        for turn, domain in enumerate(domains, first_turn)
    ]
    jobs.insert_all(tx, new_jobs)
    return new_jobs


def find_pending(tx: Transaction, domain: Domain, kind: JobKind) -> Job | None:
    """Find a domain's pending job of a kind."""
    return jobs.find_pending_of_domain(tx, domain.id, kind)


def abandon(context: Context, tx: Transaction, domains: Sequence[Domain]) -> None:
    """End the pending jobs of domains that are being removed."""
    jobs.end_pending_of_domains(tx, [domain.id for domain in domains], _ABANDONED_KINDS, context.now())


def succeed(context: Context, tx: Transaction, job: Job) -> None:
    """Mark a job as done, in the unit of work that stores its result."""
    jobs.update(tx, _finish(job, context.now()))


async def fail(context: Context, job: Job, error: DcvdError) -> Job:
    """Record a failed attempt: plan the next one or make the job a dead letter, and record the events."""
    return await context.database.write(lambda tx: record_failure(context, tx, job, error))


def internal_failure_error(error: Exception) -> DcvdError:
    """Turn a fault of dcvd's own into a job's error; the log alone says what exactly it was."""
    return DcvdError(f"dcvd itself failed at this job ({type(error).__name__}); its log says more. It is tried again.")


def record_failure(context: Context, tx: Transaction, job: Job, error: DcvdError) -> Job:
    """Like `fail`, but inside a larger unit of work."""
    stored = jobs.get(tx, job.id)
    if stored is None or stored.state is not JobState.PENDING:
        # The job was ended meanwhile, because its domain was removed.
        return job
    now = context.now()
    # The stored row counts: a replay may have progressed beyond `job` as it was read.
    attempts = stored.attempts + 1
    is_outage = error.code in _OUTAGE_CODES
    is_final = isinstance(error, Permanent) or (not is_outage and attempts >= context.config.jobs.max_attempts)
    updated_job = replace(
        stored,
        attempts=attempts,
        last_error_code=error.code,
        last_error=error.message,
        outage=is_outage,
        updated_at=now,
    )
    if is_final:
        updated_job = replace(updated_job, state=JobState.DEAD, next_attempt_at=None)
        drafts = [_draft_event(EventType.JOB_FAILED, updated_job), _draft_event(EventType.JOB_DLQ, updated_job)]
    else:
        delay_ms = job_delay_ms(attempts, context.random_fraction(), is_outage=is_outage)
        if isinstance(error, Retryable) and error.retry_after_s is not None:
            delay_ms = max(delay_ms, min(int(error.retry_after_s * SECOND), MAX_DELAY_MS))
        updated_job = replace(updated_job, next_attempt_at=now + delay_ms)
        drafts = [_draft_event(EventType.JOB_FAILED, updated_job)]
    jobs.update(tx, updated_job)
    recording.record(context, tx, job.org_id, drafts)
    return updated_job


async def list_page(
    context: Context, org_id: str, *, state: JobState | None, cursor: str | None, limit: int
) -> Page[Job]:
    """List an organization's jobs, newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: jobs.list_of_org(snapshot, org_id, state=state, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, job_id: str) -> Job:
    """Get a job by its id. Raises NotFound, also for another organization's."""
    job = await context.database.read(lambda snapshot: jobs.get(snapshot, job_id))
    return _check_owner(job, org_id, job_id)


async def retry(context: Context, org_id: str, job_id: str, *, actor: str = DAEMON_ACTOR) -> Job:
    """Make a job due now; a dead letter gets all its attempts again. Raises NotFound, Conflict when it is done."""

    def unit(tx: Transaction) -> Job:
        job = _check_owner(jobs.get(tx, job_id), org_id, job_id)
        if job.state is JobState.DONE:
            raise Conflict(f"The job {job_id} is done; there is nothing to retry.", code="job_done")
        now = context.now()
        attempts = 0 if job.state is JobState.DEAD else job.attempts
        due_job = replace(job, state=JobState.PENDING, attempts=attempts, next_attempt_at=now, updated_at=now)
        jobs.update(tx, due_job)
        if job.domain_id is not None:
            timeline.record_request_by_id(
                context, tx, org_id, job.domain_id, actor=actor, what="job_retried", detail=f"{job.kind} {job.id}"
            )
        return due_job

    return await context.database.write(unit)


async def end_outage(context: Context) -> int:
    """Make due the jobs that waited only for a service that is back; return how many."""
    count = await context.database.write(lambda tx: jobs.end_outage(tx, context.now()))
    if count:
        log.info("jobs.outage_ended", jobs=count)
    return count


def _build_job(
    context: Context,
    kind: JobKind,
    now: int,
    *,
    org_id: str,
    domain_id: str | None,
    domain_name: str | None,
    cf_id: str | None,
    turn: int,
    connection_id: str | None = None,
    replay: Replay | None = None,
    dns_write: DnsWrite | None = None,
) -> Job:
    return Job(
        id=context.new_id(IdPrefix.JOB),
        org_id=org_id,
        kind=kind,
        state=JobState.PENDING,
        domain_id=domain_id,
        domain_name=domain_name,
        cf_id=cf_id,
        attempts=0,
        next_attempt_at=now,
        last_error_code=None,
        last_error=None,
        outage=False,
        created_at=now,
        updated_at=now,
        turn=turn,
        connection_id=connection_id,
        replay=replay,
        dns_write=dns_write,
    )


def _check_owner(job: Job | None, org_id: str, job_id: str) -> Job:
    if job is None or job.org_id != org_id:
        raise NotFound(f"There is no job {job_id}.")
    return job


def _finish(job: Job, now: int) -> Job:
    return replace(
        job, state=JobState.DONE, attempts=job.attempts + 1, next_attempt_at=None, outage=False, updated_at=now
    )


def _draft_event(event_type: EventType, job: Job) -> EventDraft:
    data: EventData = {
        "job_id": job.id,
        "job_kind": job.kind.value,
        "domain_id": job.domain_id,
        "domain_name": job.domain_name,
        "connection_id": job.connection_id,
        "action": None if job.dns_write is None else job.dns_write.action,
        "attempts": job.attempts,
        "error": {"code": job.last_error_code, "message": job.last_error},
        "next_attempt_at": None if job.next_attempt_at is None else to_rfc3339(job.next_attempt_at),
    }
    return EventDraft(event_type, data, job.domain_id)
