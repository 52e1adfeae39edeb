"""The `write_dns` jobs of a domain: when one is needed, and which are pending.

They stand apart from their definition, `services/records/write_dns_job`, because checks, additions and removals of
domains enqueue them, which records know.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.required_records import known_records
from dcvd.core.jobs import Job, JobKind, Predecessor
from dcvd.core.records.zones import DnsWrite
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import jobs as jobs_table
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)

_NAME: Final = "write_dns"
WRITE_DNS: Final = JobKind(
    _NAME,
    DnsWrite,
    ends_with_domain=True,
    # Records of one name are written in order, also where the name was removed and added again.
    waits_for=Predecessor(_NAME, is_same_org=True, is_earlier=True),
)
PLAIN_WRITE: Final = DnsWrite(action="write")
"""The write that the daemon makes by itself: it touches nothing that is in the way."""


def enqueue(context: Context, tx: Transaction, domain: Domain, connection_id: str, dns_write: DnsWrite) -> Job:
    """Enqueue a job, due at once; it waits for earlier `write_dns` jobs of the same domain name."""
    return queue.enqueue_for(context, tx, WRITE_DNS, domain, dns_write, connection_id=connection_id)


def enqueue_on_change(context: Context, tx: Transaction, before: Domain, after: Domain) -> None:
    """Enqueue a job where a change of a connected domain changed its required records; in the change's transaction.

    A pending job needs no second one: it writes what is required when it begins, and compares again at its end.
    """
    if after.connection_id is None or known_records(before) == known_records(after):
        return
    if not any(job.action == PLAIN_WRITE.action for job in list_pending(tx, after.id)):
        enqueue(context, tx, after, after.connection_id, PLAIN_WRITE)
        log.info("dns_write.required", domain=after.name, domain_id=after.id, connection_id=after.connection_id)


def list_pending(snapshot: Snapshot, domain_id: str) -> list[Job]:
    """List a domain's pending jobs, the oldest first."""
    pending_jobs = jobs_table.list_pending_of_domains(snapshot, [domain_id], WRITE_DNS.name)
    return sorted(pending_jobs, key=lambda job: job.id)


def enqueue_writes(context: Context, tx: Transaction, org_id: str, new_domains: Sequence[Domain]) -> None:
    """Enqueue a job for each of an organization's new domains that has a connection."""
    connected_domains = [domain for domain in new_domains if domain.connection_id is not None]
    if connected_domains:
        queue.enqueue_for_all(
            context, tx, WRITE_DNS, org_id, connected_domains, lambda _: PLAIN_WRITE, is_through_connection=True
        )
