"""Find hostnames at Cloudflare that the database does not know, such as after a restored backup.

A hostname is known where a domain has it, or its name and no claim sleeps, or where it is to be removed anyway.
Whatever else uses the zone has hostnames that look the same, so nothing is done about one unless an operator says so.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.services.lifecycle.hostname_listing import list_hostnames
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs

OrphanFilter = Callable[[Sequence[CloudflareHostname]], list[CloudflareHostname]]
"""Returns those hostnames that the database does not know, by its state at the time of the call."""


def select_orphans(snapshot: Snapshot, hostnames: Sequence[CloudflareHostname]) -> list[CloudflareHostname]:
    """Return those hostnames that a database does not know."""
    names = [each.hostname for each in hostnames]
    known_ids = domains.list_known_hostnames(snapshot, [each.id for each in hostnames])
    known_names = domains.list_awake_names(snapshot, names) | jobs.list_pending_names(snapshot, names, DEREGISTER.name)
    return [each for each in hostnames if each.id not in known_ids and each.hostname not in known_names]


async def find_orphans(cloudflare: CloudflareClient, select: OrphanFilter) -> AsyncIterator[CloudflareHostname]:
    """Yield every hostname of the zone that the database does not know, each once, as Cloudflare lists them.

    Raises Retryable, Permanent or Unauthorized.
    """
    async for page in list_hostnames(cloudflare):
        for orphan in select(page.hostnames):
            yield orphan
