"""The position of domains in the registration queue, of which Cloudflare accepts only so many a minute."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.registration_queue import (
    DEAD_POSITION,
    QueuePosition,
    may_be_queued,
    queue_position,
    reregistration_position,
)
from dcvd.services.context import Context
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store import domains as domains_table
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs, turns

_QUEUE_START = (0, "")
_MAX_LISTED_PER_JOB: Final = 4
"""Nearly always few other jobs are between those that are asked for, and one read finds where each of them is."""


async def find_positions(
    context: Context, domains: Sequence[Domain], counter: "QueueCounter | None" = None
) -> dict[str, QueuePosition]:
    """Find queue positions, by the ids of the domains that Cloudflare does not have. counter: counts on, if given."""
    if all(domain.cf_id is not None for domain in domains):
        return {}
    return await context.database.read(lambda snapshot: read_positions(context, snapshot, domains, counter))


def read_positions(
    context: Context, snapshot: Snapshot, domains: Sequence[Domain], counter: "QueueCounter | None" = None
) -> dict[str, QueuePosition]:
    """Like `find_positions`, but inside a larger read. The queue is counted once, up to the last of the domains.

    Parked claims have had their turn, and dormant ones have none.
    """
    unregistered_ids = [domain.id for domain in domains if may_be_queued(domain)]
    if not unregistered_ids:
        return {}
    positions = (counter or QueueCounter()).find_positions(
        context, snapshot, jobs.list_pending_of_domains(snapshot, unregistered_ids, REGISTER.name)
    )
    # The domains may have been read earlier: one that was registered or removed since has no position.
    ids_without_job = [domain_id for domain_id in unregistered_ids if domain_id not in positions]
    if ids_without_job:
        by_id = {domain.id: domain for domain in domains}
        positions |= {
            domain_id: _position_without_job(by_id[domain_id])
            for domain_id in domains_table.filter_unregistered(snapshot, ids_without_job)
        }
    return positions


def _position_without_job(domain: Domain) -> QueuePosition:
    return reregistration_position(domain.next_check_at) if domain.awaits_reregistration else DEAD_POSITION


class QueueCounter:
    """Counts the jobs ahead in the queue. A later call counts on from where the last one ended.

    So it does not notice jobs that have left the queue before that point meanwhile. count_before: those before it.
    """

    def __init__(self) -> None:
        self._cursor = _QUEUE_START
        self.count_before = 0

    def find_positions(
        self, context: Context, snapshot: Snapshot, pending_jobs: Sequence[Job]
    ) -> dict[str, QueuePosition]:
        """Find the queue positions of registrations, by the ids of their domains."""
        now = context.now()
        per_minute = context.config.cloudflare.certificates_per_minute
        positions: dict[str, QueuePosition] = {}
        ordered_jobs = sorted(pending_jobs, key=_queue_key)
        keys_between = self._list_between(snapshot, ordered_jobs)
        for job in ordered_jobs:
            assert job.domain_id is not None, "a register job has a domain"
            if keys_between is None:
                self._advance_to(snapshot, _queue_key(job))
                count_before = self.count_before
            else:
                count_before = self.count_before + bisect_left(keys_between, _queue_key(job))
            positions[job.domain_id] = queue_position(job, count_before, per_minute, now)
        return positions

    def _list_between(self, snapshot: Snapshot, ordered_jobs: Sequence[Job]) -> list[tuple[int, str]] | None:
        """Advance to the first of the jobs, and list the queue from there to the last; None where that is long."""
        if not ordered_jobs:
            return None
        first, last = _queue_key(ordered_jobs[0]), _queue_key(ordered_jobs[-1])
        self._advance_to(snapshot, first)
        limit = _MAX_LISTED_PER_JOB * len(ordered_jobs)
        keys = turns.list_ready_between(snapshot, REGISTER.name, first, last, limit)
        return keys if len(keys) < limit else None

    def _advance_to(self, snapshot: Snapshot, target: tuple[int, str]) -> None:
        if target < self._cursor:
            self._cursor, self.count_before = _QUEUE_START, 0
        self.count_before += turns.count_ready_between(snapshot, REGISTER.name, self._cursor, target)
        self._cursor = target


def _queue_key(job: Job) -> tuple[int, str]:
    return job.turn, job.id
