"""Run due jobs, `jobs.concurrency` at once, and plan the next try of those that fail."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import RemoteError, StoreError
from dcvd.jobs.due_loop import COOL_DOWN_S, DueLoop
from dcvd.jobs.handlers import perform
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.kit.tasks import TaskPool
from dcvd.metrics import Metrics
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import jobs
from dcvd.store.engine.database import Snapshot, Topic

_MAX_SLEEP_S: Final = 1.0
"""Short, because a step of the system's clock can make a job due without an announcement."""

log = structlog.get_logger(__name__)

_KIND_ORDER: Final = (
    JobKind.WRITE_DNS,
    JobKind.REVALIDATE,
    JobKind.REPLAY,
    JobKind.DEREGISTER,
    JobKind.REGISTER,
    JobKind.REFRESH_TOKEN,
)
"""The order in which kinds of jobs get slots: a customer who has just done their part waits least.

Registrations come almost last, and only as many run as Cloudflare's budget allows now; otherwise a thousand of them
would fill every slot for an hour. Only a few refreshes run at once, because a provider that does not answer would hold
up everything else; they are due well before a token ends. Writes get half of the slots, for the same reason, and one
for each connection; one organization gets half of those, because its providers may be its own name servers, which may
be slow on purpose. One slot is never given to refreshes or writes."""


class JobWorker:
    """Works on due jobs until it is cancelled."""

    def __init__(
        self,
        context: Context,
        cloudflare: CloudflareClient,
        access: ProviderAccess,
        metrics: Metrics,
        *,
        read_pause_s: float = READ_PAUSE_S,
        cool_down_s: float = COOL_DOWN_S,
    ) -> None:
        self._context = context
        self._read_pause_s = read_pause_s
        self._cloudflare = cloudflare
        self._access = access
        self._metrics = metrics
        self._registering_ids: set[str] = set()
        self._refreshing_ids: set[str] = set()
        self._writing_jobs: dict[str, Job] = {}
        self._max_refreshes = max(context.config.jobs.concurrency // 4, 1)
        self._max_writes = max(context.config.jobs.concurrency // 2, 1)
        self._max_writes_per_organization = max(self._max_writes // 2, 1)
        self._max_provider_jobs = max(context.config.jobs.concurrency - 1, 1)
        self.pool = TaskPool(context.config.jobs.concurrency, "jobs")
        self._loop = DueLoop(
            self.pool,
            fetch=self._fetch_due,
            get_id=lambda job: job.id,
            work=self._track_and_run,
            get_idle_s=self._seconds_until_due,
            wake_event=context.database.listen(Topic.JOBS),
            cool_down_s=cool_down_s,
        )

    async def run(self) -> None:
        """Run until cancelled; a failed read of the database is repeated a moment later."""
        while True:
            try:
                await self._loop.run()
            except StoreError as error:
                await pause_after_failed_read(log, "jobs.not_read", error, self._read_pause_s)

    async def _fetch_due(self, limit: int, in_flight: Collection[str]) -> list[Job]:
        now = self._context.now()
        free_creates = self._cloudflare.count_free_creates()
        max_creates = limit if free_creates is None else max(free_creates - len(self._registering_ids), 0)
        writing_jobs = list(self._writing_jobs.values())

        def query(snapshot: Snapshot) -> list[Job]:
            due_jobs: list[Job] = []
            free_at_providers = self._max_provider_jobs - len(self._writing_jobs) - len(self._refreshing_ids)
            write_count = 0
            for kind in _KIND_ORDER:
                kind_limit = limit - len(due_jobs)
                if kind is JobKind.REGISTER:
                    kind_limit = min(kind_limit, max_creates)
                elif kind is JobKind.REFRESH_TOKEN:
                    kind_limit = min(
                        kind_limit, self._max_refreshes - len(self._refreshing_ids), free_at_providers - write_count
                    )
                elif kind is JobKind.WRITE_DNS:
                    kind_limit = min(kind_limit, self._max_writes - len(self._writing_jobs), free_at_providers)
                if kind_limit > 0 and kind is JobKind.WRITE_DNS:
                    due_writes = self._fetch_due_writes(snapshot, now, kind_limit, in_flight, writing_jobs)
                    write_count = len(due_writes)
                    due_jobs += due_writes
                elif kind_limit > 0:
                    due_jobs += jobs.list_due(snapshot, kind, now, kind_limit, in_flight)
            return due_jobs

        return await self._context.database.read(query)

    def _fetch_due_writes(
        self, snapshot: Snapshot, now: int, limit: int, in_flight: Collection[str], writing_jobs: Sequence[Job]
    ) -> list[Job]:
        """Fetch due writes one by one, as each may hold back others of its connection or organization."""
        due_jobs: list[Job] = []
        while len(due_jobs) < limit:
            busy_jobs = [*writing_jobs, *due_jobs]
            busy_connections = [job.connection_id for job in busy_jobs if job.connection_id is not None]
            busy_orgs = [
                org
                for org, count in Counter(job.org_id for job in busy_jobs).items()
                if count >= self._max_writes_per_organization
            ]
            excluded_ids = [*in_flight, *(job.id for job in due_jobs)]
            next_jobs = jobs.list_due(snapshot, JobKind.WRITE_DNS, now, 1, excluded_ids, busy_connections, busy_orgs)
            if not next_jobs:
                break
            due_jobs += next_jobs
        return due_jobs

    async def _track_and_run(self, job: Job) -> None:
        if job.kind is JobKind.REGISTER:
            self._registering_ids.add(job.id)
        elif job.kind is JobKind.REFRESH_TOKEN:
            self._refreshing_ids.add(job.id)
        elif job.kind is JobKind.WRITE_DNS:
            self._writing_jobs[job.id] = job
        try:
            await self._run_job(job)
        finally:
            self._registering_ids.discard(job.id)
            self._refreshing_ids.discard(job.id)
            self._writing_jobs.pop(job.id, None)

    async def _run_job(self, job: Job) -> None:
        started = time.monotonic()
        facts = {"job_id": job.id, "kind": job.kind, "domain": job.domain_name}
        try:
            await perform(self._context, self._cloudflare, self._access, job)
        except RemoteError as error:
            failed_job = await queue.fail(self._context, job, error)
            self._metrics.count_job_attempt(job.kind, "dead" if failed_job.state is JobState.DEAD else "failed")
            log.warning("job.failed", **facts, code=error.code, error=error.message, attempts=failed_job.attempts)
        except Exception as error:
            # A fault of our own must neither lose the job nor repeat it without a delay.
            await queue.fail(self._context, job, queue.internal_failure_error(error))
            raise
        else:
            self._metrics.count_job_attempt(job.kind, "done")
            log.info("job.done", **facts, ms=to_milliseconds(time.monotonic() - started))

    async def _seconds_until_due(self) -> float:
        return await _seconds_until_due(self._context, jobs.find_next_due_at)


async def _seconds_until_due(context: Context, next_due_at: Callable[[Snapshot, int], int | None]) -> float:
    """Return the seconds until the instant that `next_due_at(snapshot, now)` finds; never more than a moment."""
    now = context.now()
    due_at = await context.database.read(lambda snapshot: next_due_at(snapshot, now))
    return _MAX_SLEEP_S if due_at is None else min(to_seconds(due_at - now), _MAX_SLEEP_S)
