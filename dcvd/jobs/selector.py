"""Choose the due jobs that may start now: kinds by their rank, each within its limits."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dcvd.core.jobs import Job
from dcvd.services.jobs.definition import JobDefinition, JobServices
from dcvd.store import jobs
from dcvd.store.engine.database import Snapshot


class JobSelector:
    """Selects due jobs for a worker with so many slots."""

    def __init__(self, services: JobServices, definitions: Sequence[JobDefinition[Any]], slot_count: int) -> None:
        self._services = services
        self._definitions = definitions
        self._slot_count = slot_count
        self._slow_names = {each.kind.name for each in definitions if each.limits.waits_on_customers}
        self._running_jobs: dict[str, Job] = {}

    @contextmanager
    def track(self, job: Job) -> Iterator[None]:
        """Count a job as running while it does."""
        self._running_jobs[job.id] = job
        try:
            yield
        finally:
            del self._running_jobs[job.id]

    async def select(self, limit: int, in_flight: Collection[str]) -> list[Job]:
        """Select up to `limit` due jobs that are not in flight."""
        now = self._services.context.now()
        running_jobs = list(self._running_jobs.values())
        free_counts = {
            definition.kind.name: definition.limits.count_free(self._services)
            for definition in self._definitions
            if definition.limits.count_free is not None
        }

        def query(snapshot: Snapshot) -> list[Job]:
            selected_jobs: list[Job] = []
            for definition in self._definitions:
                busy_jobs = [*running_jobs, *selected_jobs]
                room = self._count_room(definition, busy_jobs, free_counts.get(definition.kind.name))
                room = min(room, limit - len(selected_jobs))
                selected_jobs += self._select_of_kind(snapshot, definition, now, room, in_flight, running_jobs)
            return selected_jobs

        return await self._services.context.database.read(query)

    def _count_room(self, definition: JobDefinition[Any], busy_jobs: Sequence[Job], free_count: int | None) -> int:
        """Count how many jobs of a kind may start beside these; free_count: as the kind's own capacity has it."""
        limits = definition.limits
        busy_count = sum(job.kind == definition.kind.name for job in busy_jobs)
        room = self._share_of_slots(limits.share) - busy_count
        if free_count is not None:
            room = min(room, free_count - busy_count)
        if limits.waits_on_customers:
            slow_count = sum(job.kind in self._slow_names for job in busy_jobs)
            room = min(room, max(self._slot_count - 1, 1) - slow_count)
        return room

    def _select_of_kind(
        self,
        snapshot: Snapshot,
        definition: JobDefinition[Any],
        now: int,
        room: int,
        in_flight: Collection[str],
        running_jobs: Sequence[Job],
    ) -> list[Job]:
        """Select jobs of a kind; one by one where each may hold back others of its connection or organization."""
        name, limits = definition.kind.name, definition.limits
        batch_size = 1 if limits.is_by_subject else room
        selected_jobs: list[Job] = []
        while len(selected_jobs) < room:
            busy_jobs = [job for job in (*running_jobs, *selected_jobs) if job.kind == name]
            busy_connections = {job.connection_id for job in busy_jobs if limits.is_one_per_connection}
            counts_by_org = Counter(job.org_id for job in busy_jobs)
            max_per_org = self._share_of_slots(limits.share_per_org)
            next_jobs = jobs.list_due(
                snapshot,
                name,
                now,
                batch_size,
                [*in_flight, *(job.id for job in selected_jobs)],
                waits_for=definition.waits_for,
                busy_connections=[connection_id for connection_id in busy_connections if connection_id is not None],
                busy_orgs=[org_id for org_id, count in counts_by_org.items() if count >= max_per_org],
            )
            selected_jobs += next_jobs
            if len(next_jobs) < batch_size:
                break
        return selected_jobs

    def _share_of_slots(self, share: float) -> int:
        return max(int(self._slot_count * share), 1)
