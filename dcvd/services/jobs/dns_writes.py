"""The `write_dns` jobs of a domain: when one is needed, and which are pending.

They stand apart from their definition, `services/records/write_dns_job`, because checks, additions and removals of
domains enqueue them, which records know.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.required_records import known_records, required_records
from dcvd.core.jobs import Job, JobKind, Predecessor
from dcvd.core.records.zones import DnsWrite
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import written_records
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs as jobs_table

log = structlog.get_logger(__name__)

_NAME: Final = "write_dns"
WRITE_DNS: Final = JobKind(
    _NAME,
    DnsWrite,
    ends_with_domain=True,
    # Records of one name are written in order, also where the name was removed and added again.
    waits_for=Predecessor(_NAME, is_earlier=True),
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


def connection_removed_error(job: Job) -> Permanent:
    """The error by which a job ends whose connection was removed."""
    return Permanent(
        f"The connection {job.connection_id} was removed before the records of {job.domain_name} were changed through "
        "it. Change them at the provider by hand, or connect anew and ask again.",
        code="connection_removed",
    )


def list_pending(snapshot: Snapshot, domain_id: str) -> list[Job]:
    """List a domain's pending jobs in the order in which they run."""
    pending_jobs = jobs_table.list_pending_of_domains(snapshot, [domain_id], WRITE_DNS.name)
    return sorted(pending_jobs, key=lambda job: (job.turn, job.id))


def make_due(context: Context, tx: Transaction, job: Job) -> Job:
    """Make a pending job due now: somebody waits for it, so it does not wait for its next try."""
    due_job = replace(job, next_attempt_at=context.now(), updated_at=context.now())
    jobs_table.update(tx, due_job)
    return due_job


def take_over_records(context: Context, tx: Transaction, org_id: str, new_domains: Sequence[Domain]) -> None:
    """Give new domains the records that we wrote for an organization's removed domains of their names.

    What is still in DNS can so be undone and removed. A job that was to remove it finds nothing to do: it is due now.
    """
    if not written_records.has_orphans(tx):
        return
    owners = {(each.type, each.name): domain.id for domain in new_domains for each in required_records(domain)}
    orphans = written_records.list_orphans(tx, org_id, [name for _, name in owners])
    for orphan in orphans:
        domain_id = owners.pop((orphan.type, orphan.name), None)
        if domain_id is not None:
            written_records.hand_over(tx, orphan.id, domain_id)
            log.info("dns_write.taken_over", name=orphan.name, domain_id=domain_id, removed_id=orphan.domain_id)
    removed_ids = {orphan.domain_id for orphan in orphans}
    for job in jobs_table.list_pending_of_domains(tx, removed_ids, WRITE_DNS.name) if removed_ids else ():
        make_due(context, tx, job)


def enqueue_writes(
    context: Context,
    tx: Transaction,
    org_id: str,
    new_domains: Sequence[Domain],
    *,
    request_ids: Mapping[str, str] = {},
) -> None:
    """Enqueue a job for each of an organization's new domains that has a connection; see `queue.enqueue_for_all`."""
    connected_domains = [domain for domain in new_domains if domain.connection_id is not None]
    if connected_domains:
        queue.enqueue_for_all(
            context,
            tx,
            WRITE_DNS,
            org_id,
            connected_domains,
            lambda _: PLAIN_WRITE,
            is_through_connection=True,
            request_ids=request_ids,
        )
