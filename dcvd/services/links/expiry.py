"""The end of expired links, which are kept for a while, so that their owner can still see them."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.audit import AuditAction
from dcvd.core.callers import DAEMON
from dcvd.core.links import Link
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links.rules import describe_link
from dcvd.store import links
from dcvd.store.engine.transactions import Transaction

MAX_EXPIRED: Final = 200
"""How many expired links of an organization are kept until their retention ends."""
_MAX_AT_ONCE: Final = 50
"""How many of them a transaction removes that does something else."""


def remove_expired(context: Context, tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove links that expired before an instant; return how many."""
    expired = links.list_expired(tx, cutoff_at, limit)
    _remove(context, tx, expired)
    return len(expired)


def remove_excess(context: Context, tx: Transaction, org_id: str) -> None:
    """Remove the expired links of an organization that are more than are kept; the latest stay.

    The quota does not count them: else whoever makes links that end within a minute would pile up rows without bounds.
    """
    now = context.confirmed_now()
    if now is None:
        return
    excess = links.list_expired_of_org(tx, org_id, now, beyond=MAX_EXPIRED, limit=_MAX_AT_ONCE)
    if excess:
        _remove(context.for_caller(DAEMON), tx, excess)


def _remove(context: Context, tx: Transaction, expired: Sequence[Link]) -> None:
    for link in expired:
        audit.record(context, tx, link.org_id, AuditAction.LINK_EXPIRED, link.id, before=describe_link(link))
    links.delete_all(tx, [link.id for link in expired])
