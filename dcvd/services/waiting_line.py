"""Where domains stand in the line of registrations, which Cloudflare lets through only so many of a minute."""

from collections.abc import Sequence

from dcvd.core.domain import Domain
from dcvd.core.jobs import JobKind
from dcvd.core.waiting_line import FAILED, Place, place
from dcvd.services.context import Context
from dcvd.store import domains as stored
from dcvd.store import jobs
from dcvd.store.database import Snapshot

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
    now = context.now()
    per_minute = context.config.cloudflare.certificates_per_minute
    found: dict[str, Place] = {}
    before, reached = 0, _START
    pending = jobs.pending_of_domains(snapshot, waiting, JobKind.REGISTER)
    for job in sorted(pending, key=lambda job: (job.turn, job.id)):
        assert job.domain_id is not None, "a register job has a domain"
        here = (job.turn, job.id)
        before += jobs.count_between(snapshot, JobKind.REGISTER, reached, here)
        reached = here
        found[job.domain_id] = place(job, before, per_minute, now)
    # The domains may have been read before: one that was registered or removed since waits for nothing.
    without = [domain_id for domain_id in waiting if domain_id not in found]
    if without:
        found |= dict.fromkeys(stored.unregistered(snapshot, without), FAILED)
    return found
