"""Where domains stand in the line of registrations, which Cloudflare lets through only so many of a minute."""

from collections.abc import Sequence

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle.registration_queue import FAILED, Place, again, place
from dcvd.services.context import Context
from dcvd.store import domains as stored
from dcvd.store import jobs
from dcvd.store.engine.database import Snapshot

_START = (0, "")


async def place_of(context: Context, domain: Domain) -> Place | None:
    """Of one domain; None when Cloudflare has it."""
    return (await places_of(context, [domain])).get(domain.id)


async def places_of(context: Context, domains: Sequence[Domain]) -> dict[str, Place]:
    """By the ids of the domains that Cloudflare does not have."""
    if all(domain.cf_id is not None for domain in domains):
        return {}
    return await context.database.read(lambda snapshot: places(context, snapshot, domains))


def places(context: Context, snapshot: Snapshot, domains: Sequence[Domain]) -> dict[str, Place]:
    """`places_of`, inside a larger read. The line is gone through once, up to the last of them."""
    waiting = [domain.id for domain in domains if domain.cf_id is None]
    if not waiting:
        return {}
    found = Walk().places(context, snapshot, jobs.pending_of_domains(snapshot, waiting, JobKind.REGISTER))
    # The domains may have been read before: one that was registered or removed since waits for nothing.
    without = [domain_id for domain_id in waiting if domain_id not in found]
    if without:
        by_id = {domain.id: domain for domain in domains}
        found |= {each: _without_job(by_id[each]) for each in stored.unregistered(snapshot, without)}
    return found


def _without_job(domain: Domain) -> Place:
    deleted = domain.error is not None and domain.error.code == "deleted"
    return again(domain.next_sync_at) if deleted else FAILED


class Walk:
    """Goes along the line and counts. Asked again further on, it counts on from where it was, and so does not see
    what has left the line behind it meanwhile.
    """

    def __init__(self) -> None:
        self._reached = _START
        self._before = 0

    def places(self, context: Context, snapshot: Snapshot, pending: Sequence[Job]) -> dict[str, Place]:
        """The places of registrations, by the ids of their domains."""
        now = context.now()
        per_minute = context.config.cloudflare.certificates_per_minute
        found: dict[str, Place] = {}
        alone = False
        for job in (ordered := sorted(pending, key=_order)):
            assert job.domain_id is not None, "a register job has a domain"
            if job is ordered[0]:
                self._go_to(snapshot, _order(job))
                # Nearly always they stand one behind the other, which takes one count to know.
                between = jobs.count_between(snapshot, JobKind.REGISTER, self._reached, _order(ordered[-1]))
                alone = between == len(ordered) - 1
            elif alone:
                self._reached, self._before = _order(job), self._before + 1
            else:
                self._go_to(snapshot, _order(job))
            found[job.domain_id] = place(job, self._before, per_minute, now)
        return found

    def _go_to(self, snapshot: Snapshot, here: tuple[int, str]) -> None:
        if here < self._reached:
            self._reached, self._before = _START, 0
        self._before += jobs.count_between(snapshot, JobKind.REGISTER, self._reached, here)
        self._reached = here


def _order(job: Job) -> tuple[int, str]:
    return job.turn, job.id
