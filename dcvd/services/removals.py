"""How domains go out: here at once, at Cloudflare by a job, and in the customer's DNS by the customer."""

from collections.abc import Sequence

from dcvd.core import lifecycle
from dcvd.core.domain import Domain
from dcvd.core.jobs import JobKind
from dcvd.services import events, jobs, timeline
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.database import Transaction


def erase(context: Context, tx: Transaction, org_id: str, gone: Sequence[Domain], *, actor: str) -> None:
    """Remove an organization's domains, read in the same unit of work."""
    timeline.requested_of_all(context, tx, gone, actor=actor, what="removed")
    jobs.abandon(context, tx, gone)
    domains.delete_all(tx, [domain.id for domain in gone])
    jobs.enqueue_for_all(context, tx, JobKind.DEREGISTER, org_id, gone)
    events.record(context, tx, org_id, [lifecycle.removed(domain) for domain in gone])
