"""Choose the due jobs that may start now: kinds and organizations take turns, each within its limits."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from dcvd.core.jobs import Job
from dcvd.jobs.slot_shares import SlotShares
from dcvd.services.jobs.definition import JobDefinition, JobServices
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import due_jobs, due_times


class JobSelector:
    """Selects due jobs for a worker with so many slots.

    next_due_at: when the time comes of the next job that is not ready, as of the last selection; None for none.
    """

    def __init__(self, services: JobServices, definitions: Sequence[JobDefinition[Any]], slot_count: int) -> None:
        self._services = services
        self._definitions = definitions
        self._kinds = {definition.kind.name: definition.kind for definition in definitions}
        self._slot_count = slot_count
        self._selected_jobs: dict[str, Job] = {}
        self._starts: Counter[str] = Counter()
        self.next_due_at: int | None = None

    async def select(self, limit: int, in_flight: Collection[str]) -> list[Job]:
        """Select up to `limit` due jobs that are not in flight; those in flight were selected earlier."""
        context, now = self._services.context, self._services.context.now()
        jobs_in_flight = [job for job_id, job in self._selected_jobs.items() if job_id in in_flight]
        shares = SlotShares(
            self._definitions,
            self._slot_count,
            jobs_in_flight,
            free_counts={
                definition.kind.name: definition.limits.count_free(self._services)
                for definition in self._definitions
                if definition.limits.count_free is not None
            },
            starts=self._starts.copy(),
        )

        def query(snapshot: Snapshot) -> tuple[list[Job], int | None]:
            return self._select(snapshot, shares, limit, in_flight), due_times.find_next_due_at(snapshot)

        selected_jobs, self.next_due_at = await context.database.read(query)
        if self.next_due_at is not None and self.next_due_at <= now:
            # This announces them, so that they are selected next.
            await context.database.write(lambda tx: due_times.make_ready(tx, now))
        self._starts = shares.starts
        self._selected_jobs = {job.id: job for job in (*jobs_in_flight, *selected_jobs)}
        return selected_jobs

    def _select(self, snapshot: Snapshot, shares: SlotShares, limit: int, in_flight: Collection[str]) -> list[Job]:
        selected_jobs: list[Job] = []
        kinds = list(self._kinds)
        while len(selected_jobs) < limit and (kind := shares.choose_kind(kinds)) is not None:
            busy = shares.find_busy_subjects(kind, in_flight)
            job = due_jobs.find_next(snapshot, kind, busy, waits_for=self._kinds[kind].waits_for)
            if job is None:
                kinds.remove(kind)
                continue
            selected_jobs.append(job)
            shares.start(job)
        return selected_jobs
