"""Share a worker's slots among kinds of jobs, what they wait for, and organizations, so that none starves another.

No I/O. The slots in use count, not only the order: jobs that hold theirs for long leave some to everybody else.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from dcvd.core.jobs import Job
from dcvd.services.jobs.definition import Awaited, JobDefinition
from dcvd.store.jobs.due_jobs import BusySubjects

_SHARE_PER_ORG: Final = 1 / 2
"""The share of all slots that one organization may hold, so that another finds room among kinds that wait for the same
too."""


class SlotShares:
    """The slots that jobs in flight hold, and who may have the next one.

    free_counts: how many jobs of a kind may run in all, for the kinds that count it.
    starts: the number of the last start of each kind; the kind whose last start was longest ago goes first among those
        that hold equally many slots. It is kept up to date.
    """

    def __init__(
        self,
        definitions: Sequence[JobDefinition[Any]],
        slot_count: int,
        jobs_in_flight: Iterable[Job],
        *,
        free_counts: Mapping[str, int | None],
        starts: Counter[str],
    ) -> None:
        self._definitions = {definition.kind.name: definition for definition in definitions}
        self._slot_count = slot_count
        self._free_counts = free_counts
        self.starts = starts
        self._awaited_things = {definition.limits.awaited for definition in definitions}
        self._jobs: list[Job] = []
        self._slots_by_kind = Counter[str]()
        self._slots_by_awaited = Counter[Awaited]()
        for job in jobs_in_flight:
            self._hold(job)

    def start(self, job: Job) -> None:
        """Count a job that starts."""
        self._hold(job)
        self.starts[job.kind] = max(self.starts.values(), default=0) + 1

    def choose_kind(self, kinds: Collection[str]) -> str | None:
        """Choose the one of these kinds that may have the next slot; None when none of them may."""
        allowed_kinds = [kind for kind in kinds if self._has_room(self._definitions[kind])]
        return min(
            allowed_kinds,
            key=lambda kind: (self._slots_by_kind[kind], self.starts[kind], self._definitions[kind].rank),
            default=None,
        )

    def find_busy_subjects(self, kind: str, ids_in_flight: Collection[str]) -> BusySubjects:
        """Find the subjects for which no job of a kind may start."""
        limits = self._definitions[kind].limits
        jobs_of_kind = [job for job in self._jobs if job.kind == kind]
        slots_by_org = Counter(job.org_id for job in self._jobs)
        slots_of_kind_by_org = Counter(job.org_id for job in jobs_of_kind)
        max_per_org = self._get_share(_SHARE_PER_ORG)
        max_of_kind_per_org = self._get_share(limits.share_per_org)
        return BusySubjects(
            job_ids={*ids_in_flight, *(job.id for job in self._jobs)},
            org_ids={
                org_id
                for org_id, count in slots_by_org.items()
                if count >= max_per_org or slots_of_kind_by_org[org_id] >= max_of_kind_per_org
            },
            connection_ids={
                job.connection_id
                for job in jobs_of_kind
                if limits.is_one_per_connection and job.connection_id is not None
            },
            domain_names={
                job.domain_name
                for job in self._jobs
                if limits.is_one_per_name
                and self._definitions[job.kind].limits.is_one_per_name
                and job.domain_name is not None
            },
        )

    def _hold(self, job: Job) -> None:
        self._jobs.append(job)
        self._slots_by_kind[job.kind] += 1
        self._slots_by_awaited[self._definitions[job.kind].limits.awaited] += 1

    def _has_room(self, definition: JobDefinition[Any]) -> bool:
        """Whether a kind may have one more slot.

        Kinds that wait for the same have one slot for themselves in any case: the others leave it free.
        """
        kind, limits = definition.kind.name, definition.limits
        held_slots, free_count = self._slots_by_kind[kind], self._free_counts.get(kind)
        if held_slots >= self._get_share(limits.share) or (free_count is not None and held_slots >= free_count):
            return False
        free_slots = self._slot_count - len(self._jobs)
        if not self._slots_by_awaited[limits.awaited]:
            return free_slots > 0
        return free_slots > sum(not self._slots_by_awaited[awaited] for awaited in self._awaited_things)

    def _get_share(self, share: float) -> int:
        return max(int(self._slot_count * share), 1)
