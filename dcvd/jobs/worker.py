"""Takes due jobs, `jobs.concurrency` at once, and plans the next try of those that fail."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import RemoteError, StoreError
from dcvd.jobs.due_loop import DueLoop
from dcvd.jobs.handlers import perform
from dcvd.kit.tasks import TaskPool
from dcvd.metrics import Metrics
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import queue as service
from dcvd.store import jobs
from dcvd.store.engine.database import Snapshot, Topic

_LONGEST_SLEEP: Final = 1.0
"""Seconds; short, because a step of the system's clock can make something due that nobody announces."""

log = structlog.get_logger(__name__)

_STORE_PAUSE: Final = 1.0
"""Seconds after which the database is read again where it failed."""
_KIND_ORDER: Final = (
    JobKind.WRITE_DNS,
    JobKind.REVALIDATE,
    JobKind.REPLAY,
    JobKind.DEREGISTER,
    JobKind.REGISTER,
    JobKind.REFRESH_TOKEN,
)
"""A customer who has just done his part waits least. Registrations come last, and only as many as Cloudflare's pace
lets through now, or a thousand of them would fill every slot for an hour. Of refreshes only a few run at once, because
a provider that does not answer would hold up everything else; they are due well before a token ends. Of records that
are written half as many as there are slots, for the same reason, and one through each connection; of one organization
half of those again, because its providers may be name servers of its own, which are slow on purpose. One slot is never
given to either."""


class JobWorker:
    """Works on due jobs until it is cancelled."""

    def __init__(
        self, context: Context, cloudflare: CloudflareClient, access: ProviderAccess, metrics: Metrics
    ) -> None:
        self._context = context
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
        )

    async def run(self) -> None:
        """Runs until it is cancelled; what the database could not tell is asked again a moment later."""
        while True:
            try:
                await self._loop.run()
            except StoreError as error:
                log.warning("jobs.not_read", error=error.message, retry_in_s=_STORE_PAUSE)
                await asyncio.sleep(_STORE_PAUSE)

    async def _fetch_due(self, limit: int, in_flight: Collection[str]) -> list[Job]:
        now = self._context.now()
        free = self._cloudflare.count_free_creates()
        most_creates = limit if free is None else max(free - len(self._registering_ids), 0)
        writing = list(self._writing_jobs.values())

        def query(snapshot: Snapshot) -> list[Job]:
            found: list[Job] = []
            at_providers = self._max_provider_jobs - len(self._writing_jobs) - len(self._refreshing_ids)
            writes = 0
            for kind in _KIND_ORDER:
                left = limit - len(found)
                if kind is JobKind.REGISTER:
                    left = min(left, most_creates)
                elif kind is JobKind.REFRESH_TOKEN:
                    left = min(left, self._max_refreshes - len(self._refreshing_ids), at_providers - writes)
                elif kind is JobKind.WRITE_DNS:
                    left = min(left, self._max_writes - len(self._writing_jobs), at_providers)
                if left > 0 and kind is JobKind.WRITE_DNS:
                    due = self._fetch_due_writes(snapshot, now, left, in_flight, writing)
                    writes = len(due)
                    found += due
                elif left > 0:
                    found += jobs.list_due(snapshot, kind, now, left, in_flight)
            return found

        return await self._context.database.read(query)

    def _fetch_due_writes(
        self, snapshot: Snapshot, now: int, limit: int, in_flight: Collection[str], writing_jobs: Sequence[Job]
    ) -> list[Job]:
        """One by one, as each may keep others of its connection or organization back, and nobody else's."""
        found: list[Job] = []
        while len(found) < limit:
            busy = [*writing_jobs, *found]
            connections = [job.connection_id for job in busy if job.connection_id is not None]
            orgs = [
                org
                for org, count in Counter(job.org_id for job in busy).items()
                if count >= self._max_writes_per_organization
            ]
            taken = [*in_flight, *(job.id for job in found)]
            due = jobs.list_due(snapshot, JobKind.WRITE_DNS, now, 1, taken, connections, orgs)
            if not due:
                break
            found += due
        return found

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
            failed = await service.fail(self._context, job, error)
            self._metrics.count_job_attempt(job.kind, "dead" if failed.state is JobState.DEAD else "failed")
            log.warning("job.failed", **facts, code=error.code, error=error.message, attempts=failed.attempts)
        except Exception as error:
            # A fault of ours must neither lose the job nor try it in a circle.
            await service.fail(self._context, job, service.internal_failure_error(error))
            raise
        else:
            self._metrics.count_job_attempt(job.kind, "done")
            log.info("job.done", **facts, ms=to_milliseconds(time.monotonic() - started))

    async def _seconds_until_due(self) -> float:
        return await _seconds_until_due(self._context, jobs.find_next_due_at)


async def _seconds_until_due(context: Context, next_due_at: Callable[[Snapshot, int], int | None]) -> float:
    """Until the instant that `next_due_at(snapshot, now)` names, and never longer than a moment."""
    now = context.now()
    due = await context.database.read(lambda snapshot: next_due_at(snapshot, now))
    return _LONGEST_SLEEP if due is None else min(to_seconds(due - now), _LONGEST_SLEEP)
