"""The `write_dns` jobs of a domain: when there has to be one, and which are pending."""

from collections.abc import Sequence

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobKind
from dcvd.core.records.plan import records_to_write
from dcvd.core.records.zones import DnsWrite
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import jobs as stored_jobs
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)

PLAIN_WRITE = DnsWrite(action="write")
"""As the daemon does it by itself: nothing that is in the way is touched."""


def enqueue(context: Context, tx: Transaction, domain: Domain, connection_id: str, dns_write: DnsWrite) -> Job:
    """A new job, due at once; it waits for those of the same name that were there before."""
    return queue.enqueue(
        context,
        tx,
        JobKind.WRITE_DNS,
        org_id=domain.org_id,
        domain_id=domain.id,
        domain_name=domain.name,
        connection_id=connection_id,
        dns_write=dns_write,
    )


def enqueue_on_change(context: Context, tx: Transaction, before: Domain, after: Domain) -> None:
    """The records of a connected domain follow what is required of it, in the transaction that changed it.

    A pending job needs no second one: it writes what is required when it begins, and looks again at its end.
    """
    if after.connection_id is None or records_to_write(before) == records_to_write(after):
        return
    if not any(job.dns_write is not None and job.dns_write.action == "write" for job in list_pending(tx, after.id)):
        enqueue(context, tx, after, after.connection_id, PLAIN_WRITE)
        log.info("dns_write.required", domain=after.name, domain_id=after.id, connection_id=after.connection_id)


def list_pending(snapshot: Snapshot, domain_id: str) -> list[Job]:
    """Those that a domain has, the oldest first."""
    found = stored_jobs.list_pending_of_domains(snapshot, [domain_id], JobKind.WRITE_DNS)
    return sorted(found, key=lambda job: job.id)


def enqueue_writes(context: Context, tx: Transaction, org_id: str, new_domains: Sequence[Domain]) -> None:
    """A job for each of an organization's new domains that has a connection."""
    connected = [domain for domain in new_domains if domain.connection_id is not None]
    if connected:
        queue.enqueue_for_all(context, tx, JobKind.WRITE_DNS, org_id, connected, dns_write=PLAIN_WRITE)
