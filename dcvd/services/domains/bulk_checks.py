"""Check many domains now, because somebody chose them."""

from collections.abc import Collection

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.errors import Retryable, TooManyRequests
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.domains import queries
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction


async def check_chosen(
    context: Context, limit: AdmissionLimit, org_id: str, domain_ids: Collection[str], *, actor: str
) -> bool:
    """Make checks of the chosen domains due now, as far as `limit` allows; return whether it allowed all of them."""
    chosen = await queries.list_chosen(context, org_id, domain_ids)
    admitted = chosen[: _count_admitted(limit, org_id, len(chosen))]

    def unit(tx: Transaction) -> None:
        for domain in admitted:
            _make_due(context, tx, domain, actor)

    if admitted:
        await context.database.write(unit)
    return len(admitted) == len(chosen)


def _count_admitted(limit: AdmissionLimit, org_id: str, wanted: int) -> int:
    """Each counts as one call for a check of its own would."""
    for number in range(wanted):
        try:
            with limit.admit(org_id):
                pass
        except (TooManyRequests, Retryable):
            return number
    return wanted


def _make_due(context: Context, tx: Transaction, domain: Domain, actor: str) -> None:
    domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)
    timeline.record_request(context, tx, domain.org_id, domain.id, actor=actor, what="sync")
