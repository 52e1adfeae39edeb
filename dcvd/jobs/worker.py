"""Run due jobs, `jobs.concurrency` at once, and plan the next try of those that fail."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.core.jobs import Job, JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import DcvdError, RemoteError, StoreError
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.jobs.due_loop import COOL_DOWN_S, DueLoop
from dcvd.jobs.selector import JobSelector
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.kit.tasks import TaskPool
from dcvd.kit.tracing import TRACING
from dcvd.metrics import Metrics
from dcvd.providers.stepwise_provider import FINISH_S
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobServices
from dcvd.store.engine.transactions import Topic
from dcvd.store.jobs import jobs

_MAX_SLEEP_S: Final = 1.0
"""Short, because a step of the system's clock can make a job due without an announcement."""
_CANCEL_GRACE_S: Final = FINISH_S + 1.0
"""The longest that a cancelled job needs is to end a change of records; the pool owns it until then."""

log = structlog.get_logger(__name__)


class JobWorker:
    """Works on due jobs until it is cancelled."""

    def __init__(
        self,
        context: Context,
        cloudflare: CloudflareClient,
        access: ProviderAccess,
        metrics: Metrics,
        *,
        definitions: Sequence[JobDefinition[Any]] = JOB_DEFINITIONS,
        read_pause_s: float = READ_PAUSE_S,
        cool_down_s: float = COOL_DOWN_S,
    ) -> None:
        self._context = context
        self._services = JobServices(context, cloudflare, access)
        self._definitions = {definition.kind.name: definition for definition in definitions}
        self._metrics = metrics
        metrics.expect_jobs(self._definitions)
        self._read_pause_s = read_pause_s
        self._selector = JobSelector(self._services, definitions, context.config.jobs.concurrency)
        self.pool = TaskPool(context.config.jobs.concurrency, "jobs", cancel_grace_s=_CANCEL_GRACE_S)
        self._loop = DueLoop(
            self.pool,
            fetch=self._selector.select,
            get_id=lambda job: job.id,
            work=self._run_job,
            get_idle_s=self._seconds_until_due,
            wake_event=context.database.listen(Topic.JOBS),
            cool_down_s=cool_down_s,
        )

    @property
    def kinds(self) -> Collection[str]:
        """The names of the kinds that are known here."""
        return self._definitions.keys()

    async def run(self) -> None:
        """Run until cancelled; a failed read of the database is repeated a moment later."""
        is_reported = False
        while True:
            try:
                if not is_reported:
                    await self._report_unknown_kinds()
                    is_reported = True
                await self._loop.run()
            except StoreError as error:
                await pause_after_failed_read(log, "jobs.not_read", error, self._read_pause_s)

    async def _report_unknown_kinds(self) -> None:
        """Log the kinds of pending jobs that nobody here performs; they are left for the dcvd that knows them."""
        pending_kinds = await self._context.database.read(jobs.list_pending_kinds)
        for kind in sorted(pending_kinds - self._definitions.keys()):
            log.warning("jobs.unknown_kind", kind=kind)

    async def _run_job(self, job: Job) -> None:
        definition = self._definitions[job.kind]
        started = time.monotonic()
        facts = {"job_id": job.id, "kind": job.kind, "domain": job.domain_name}
        if job.request_id is not None:
            # In all that is logged from here on in this task, which is the job's own.
            structlog.contextvars.bind_contextvars(request_id=job.request_id)
        services = replace(self._services, context=self._context.for_request(job.request_id))
        try:
            with TRACING.span(f"job {job.kind}") as span:
                span.set("dcvd.job_id", job.id)
                span.set("dcvd.org_id", job.org_id)
                span.set("dcvd.domain_id", job.domain_id)
                span.set("dcvd.request_id", job.request_id)
                span.set("dcvd.attempt", job.attempts + 1)
                failed_job = await definition.run(services, job)
        except RemoteError as error:
            failed_job = await self._record_failure(job, error)
            self._report_failure(failed_job, facts, code=error.code, message=error.message)
        except Exception as error:
            # A fault of our own must neither lose the job nor repeat it without a delay.
            self._count_failure(await self._record_failure(job, queue.internal_failure_error(error)))
            raise
        else:
            if failed_job is not None:
                code, message = failed_job.last_error_code, failed_job.last_error
                self._report_failure(failed_job, facts, code=code, message=message)
                return
            self._metrics.count_job_attempt(job.kind, "done")
            log.info("job.done", **facts, ms=to_milliseconds(time.monotonic() - started))

    async def _record_failure(self, job: Job, error: DcvdError) -> Job:
        definition = self._definitions[job.kind]
        context = self._context.for_request(job.request_id)
        return await queue.fail(context, job, error, definition.outages, definition.record_death)

    def _report_failure(
        self, failed_job: Job, facts: Mapping[str, str | None], *, code: str | None, message: str | None
    ) -> None:
        self._count_failure(failed_job)
        log.warning("job.failed", **facts, code=code, error=message, attempts=failed_job.attempts)

    def _count_failure(self, failed_job: Job) -> None:
        self._metrics.count_job_attempt(failed_job.kind, "dead" if failed_job.state is JobState.DEAD else "failed")

    def _seconds_until_due(self) -> float:
        """Return the seconds until the next job is due; never more than a moment.

        A job that was stored since the last selection has announced itself.
        """
        due_at = self._selector.next_due_at
        return _MAX_SLEEP_S if due_at is None else min(to_seconds(due_at - self._context.now()), _MAX_SLEEP_S)
