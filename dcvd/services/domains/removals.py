"""Remove a domain: here at once, at Cloudflare by a job."""

from dcvd.core.domains.domain import Domain, LeftoverRecord
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.services.context import Context
from dcvd.services.domains.queries import get_owned
from dcvd.services.lifecycle.claim_endings import erase_domains
from dcvd.store.engine.transactions import Transaction


async def remove(
    context: Context,
    org_id: str,
    domain_id: str,
    *,
    remove_records: bool = False,
    remove_hostname: bool = False,
    actor: str = DAEMON_ACTOR,
) -> tuple[Domain, tuple[LeftoverRecord, ...]]:
    """Remove a domain here at once, and at Cloudflare by a `deregister` job.

    remove_records: have a job take the records that we wrote out of DNS too.
    remove_hostname: have the job remove also a hostname that is only read, which stays at Cloudflare otherwise.

    Returns the domain as it last was, and the records that it leaves in DNS. Raises NotFound.
    """

    def unit(tx: Transaction) -> tuple[Domain, tuple[LeftoverRecord, ...]]:
        domain = get_owned(tx, org_id, domain_id)
        leftovers = erase_domains(
            context,
            tx,
            org_id,
            [domain],
            remove_records=remove_records,
            remove_hostnames=remove_hostname,
            actor=actor,
        )
        return domain, leftovers[domain.id]

    return await context.database.write(unit)
