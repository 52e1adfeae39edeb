"""Recording a look at a domain: the one way by which what was seen changes what is stored."""

from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from dcvd.core import lifecycle
from dcvd.core.domain import Domain
from dcvd.core.jobs import JobKind
from dcvd.core.lifecycle import Observation
from dcvd.core.schedule import next_look
from dcvd.core.timeline import SYNC
from dcvd.services import events, jobs, timeline
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.database import Transaction

log = structlog.get_logger(__name__)


async def record(
    context: Context, domain_id: str, observations: Sequence[Observation], *, actor: str = SYNC
) -> Domain | None:
    """Store one look, its events and when the next is due; None when the domain was removed meanwhile.

    `actor` (see `core.timeline`) is who had it made.
    """
    return await context.database.write(lambda tx: apply(context, tx, domain_id, observations, actor=actor))


def apply(
    context: Context, tx: Transaction, domain_id: str, observations: Sequence[Observation], *, actor: str = SYNC
) -> Domain | None:
    """`record`, inside a larger unit of work."""
    stored = domains.get(tx, domain_id)
    if stored is None:
        return None
    now = context.now()
    policy = context.look_policy
    transition = lifecycle.look(stored, observations, now, context.rules)
    domain = transition.domain
    domain = replace(domain, next_sync_at=next_look(domain, now, policy, context.fraction()))
    domains.update(tx, domain)
    timeline.observed(context, tx, stored, domain, observations, actor=actor)
    events.record(context, tx, domain.org_id, transition.events)
    if transition.revalidate and jobs.pending(tx, domain, JobKind.REVALIDATE) is None:
        jobs.enqueue_for(context, tx, JobKind.REVALIDATE, domain)
    for value in transition.unknown:
        log.warning("look.unknown_value", domain=domain.name, domain_id=domain.id, value=value)
    if domain.status is not stored.status:
        log.info("domain.status_changed", domain=domain.name, domain_id=domain.id, was=stored.status, now=domain.status)
    return domain


async def postpone(context: Context, domain: Domain, until: int) -> None:
    """Nothing could be seen; look again later, so that a domain that cannot be looked at never holds up the others."""
    await context.database.write(lambda tx: domains.set_next_look(tx, domain.id, until))
