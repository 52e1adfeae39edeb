"""Revoke links, which ends what their bearers have under way."""

from collections.abc import Collection

from dcvd.core.audit import AuditAction
from dcvd.core.links import Link
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links.rules import describe_link, get_visible
from dcvd.services.rights_changes import announce_change
from dcvd.store import links
from dcvd.store.engine.transactions import Transaction


async def revoke(context: Context, org_id: str, link_id: str) -> None:
    """Revoke a link, which stops working at once, also in requests that are under way.

    What was done by it stays: the domain that was added, and connections.

    Raises NotFound, also for a link of a domain outside of the caller's reach.
    """

    def unit(tx: Transaction) -> None:
        end(context, tx, [get_visible(context, tx, org_id, link_id)])

    await context.database.write(unit)


def end(context: Context, tx: Transaction, ended: Collection[Link]) -> None:
    """Remove links, in the transaction of what ends them."""
    links.delete_all(tx, [link.id for link in ended])
    for link in ended:
        announce_change(context, tx, link.id)
        audit.record(context, tx, link.org_id, AuditAction.LINK_REVOKED, link.id, before=describe_link(link))
