"""Where domains stand in the line of registrations, which Cloudflare lets through only so many of a minute."""

from collections.abc import Sequence

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle.registration_queue import (
    FAILED_POSITION,
    QueuePosition,
    queue_position,
    reregistration_position,
)
from dcvd.services.context import Context
from dcvd.store import domains as stored
from dcvd.store import jobs
from dcvd.store.engine.database import Snapshot

_QUEUE_START = (0, "")


async def find_position(context: Context, domain: Domain) -> QueuePosition | None:
    """Of one domain; None when Cloudflare has it."""
    return (await find_positions(context, [domain])).get(domain.id)


async def find_positions(context: Context, domains: Sequence[Domain]) -> dict[str, QueuePosition]:
    """By the ids of the domains that Cloudflare does not have."""
    if all(domain.cf_id is not None for domain in domains):
        return {}
    return await context.database.read(lambda snapshot: read_positions(context, snapshot, domains))


def read_positions(context: Context, snapshot: Snapshot, domains: Sequence[Domain]) -> dict[str, QueuePosition]:
    """`places_of`, inside a larger read. The line is gone through once, up to the last of them."""
    waiting = [domain.id for domain in domains if domain.cf_id is None]
    if not waiting:
        return {}
    found = QueueCounter().find_positions(
        context, snapshot, jobs.list_pending_of_domains(snapshot, waiting, JobKind.REGISTER)
    )
    # The domains may have been read before: one that was registered or removed since waits for nothing.
    without = [domain_id for domain_id in waiting if domain_id not in found]
    if without:
        by_id = {domain.id: domain for domain in domains}
        found |= {each: _position_without_job(by_id[each]) for each in stored.filter_unregistered(snapshot, without)}
    return found


def _position_without_job(domain: Domain) -> QueuePosition:
    deleted = domain.error is not None and domain.error.code == "deleted"
    return reregistration_position(domain.next_check_at) if deleted else FAILED_POSITION


class QueueCounter:
    """Goes along the line and counts. Asked again further on, it counts on from where it was, and so does not see
    what has left the line behind it meanwhile.
    """

    def __init__(self) -> None:
        self._cursor = _QUEUE_START
        self._count_before = 0

    def find_positions(
        self, context: Context, snapshot: Snapshot, pending_jobs: Sequence[Job]
    ) -> dict[str, QueuePosition]:
        """The places of registrations, by the ids of their domains."""
        now = context.now()
        per_minute = context.config.cloudflare.certificates_per_minute
        found: dict[str, QueuePosition] = {}
        alone = False
        for job in (ordered := sorted(pending_jobs, key=_queue_key)):
            assert job.domain_id is not None, "a register job has a domain"
            if job is ordered[0]:
                self._advance_to(snapshot, _queue_key(job))
                # Nearly always they stand one behind the other, which takes one count to know.
                between = jobs.count_between(snapshot, JobKind.REGISTER, self._cursor, _queue_key(ordered[-1]))
                alone = between == len(ordered) - 1
            elif alone:
                self._cursor, self._count_before = _queue_key(job), self._count_before + 1
            else:
                self._advance_to(snapshot, _queue_key(job))
            found[job.domain_id] = queue_position(job, self._count_before, per_minute, now)
        return found

    def _advance_to(self, snapshot: Snapshot, target: tuple[int, str]) -> None:
        if target < self._cursor:
            self._cursor, self._count_before = _QUEUE_START, 0
        self._count_before += jobs.count_between(snapshot, JobKind.REGISTER, self._cursor, target)
        self._cursor = target


def _queue_key(job: Job) -> tuple[int, str]:
    return job.turn, job.id
