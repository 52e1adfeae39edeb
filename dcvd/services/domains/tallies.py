"""How an organization's domains stand, as far as the caller may know of them."""

from typing import Final

from dcvd.core.domains.domain import Domain
from dcvd.core.instants import DAY
from dcvd.services.context import Context
from dcvd.store import domain_counts, domain_lists
from dcvd.store.domain_counts import DomainTally
from dcvd.store.engine.transactions import Snapshot

EXPIRING_MS: Final = 7 * DAY
"""Most certificates are renewed weeks before they expire: one that expires so soon is late."""


async def count(context: Context, org_id: str) -> DomainTally | None:
    """Count the domains of each sort; None for a caller whose domains are too many to be looked at one by one."""
    reach, expires_before = context.caller.domains, context.now() + EXPIRING_MS

    def query(snapshot: Snapshot) -> DomainTally | None:
        if reach is None:
            return domain_counts.count_of_org(snapshot, org_id, expires_before=expires_before)
        return domain_counts.count_within(snapshot, org_id, reach, expires_before=expires_before)

    return await context.database.read(query)


async def list_latest_broken(context: Context, org_id: str, *, limit: int) -> list[Domain]:
    """List domains that were ready and are not, the latest first."""
    reach = context.caller.domains
    return await context.database.read(lambda snapshot: domain_lists.list_latest_broken(snapshot, org_id, reach, limit))
