"""How domains go out: here at once, at Cloudflare by a job, and in the customer's DNS by the customer.

What we wrote there ourselves, a job can take out too.
"""

from collections.abc import Collection, Sequence

from dcvd.core.domains.domain import Domain, LeftRecord
from dcvd.core.jobs import JobKind
from dcvd.core.lifecycle import transitions
from dcvd.core.records.written_records import WrittenRecord, connection_of, left_records
from dcvd.core.records.zones import DnsWrite
from dcvd.core.timeline import DAEMON
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.domains.queries import owned
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes, queue
from dcvd.store import domains, written_records
from dcvd.store.engine.database import Snapshot, Transaction


def erase(
    context: Context,
    tx: Transaction,
    org_id: str,
    gone: Sequence[Domain],
    *,
    actor: str,
    remove_records: bool = False,
) -> dict[str, tuple[LeftRecord, ...]]:
    """Remove an organization's domains, read in the same unit of work; what each leaves in DNS, by its id.

    remove_records: have what we wrote taken out of DNS. Else it is forgotten that we wrote it.
    """
    timeline.requested_of_all(context, tx, gone, actor=actor, what="removed")
    queue.abandon(context, tx, gone)
    ids = [domain.id for domain in gone]
    written = _written(tx, ids)
    left = _left(gone, written, remove_records=remove_records)
    domains.delete_all(tx, ids)
    queue.enqueue_for_all(context, tx, JobKind.DEREGISTER, org_id, gone)
    if remove_records:
        _take_out(context, tx, gone, written)
    elif written:
        written_records.delete_of_domains(tx, list(written))
    recording.record(context, tx, org_id, [transitions.removed(domain, left[domain.id]) for domain in gone])
    return left


def leftovers(
    snapshot: Snapshot, gone: Collection[Domain], *, remove_records: bool
) -> dict[str, tuple[LeftRecord, ...]]:
    """What each of these domains would leave in DNS, by its id."""
    return _left(gone, _written(snapshot, [domain.id for domain in gone]), remove_records=remove_records)


def _take_out(
    context: Context, tx: Transaction, gone: Sequence[Domain], written: dict[str, list[WrittenRecord]]
) -> None:
    for domain in gone:
        connection_id = connection_of(domain, written.get(domain.id, []))
        if domain.id in written and connection_id is not None:
            dns_writes.enqueue(context, tx, domain, connection_id, DnsWrite(action="remove"))
    written_records.orphan(tx, list(written), context.now())


def _written(snapshot: Snapshot, domain_ids: Sequence[str]) -> dict[str, list[WrittenRecord]]:
    found: dict[str, list[WrittenRecord]] = {}
    for row in written_records.of_domains(snapshot, domain_ids):
        found.setdefault(row.domain_id, []).append(row)
    return found


def _left(
    gone: Collection[Domain], written: dict[str, list[WrittenRecord]], *, remove_records: bool
) -> dict[str, tuple[LeftRecord, ...]]:
    left = {}
    for domain in gone:
        rows = written.get(domain.id, [])
        being_removed = remove_records and connection_of(domain, rows) is not None
        left[domain.id] = left_records(domain, rows, being_removed=being_removed)
    return left


async def remove(
    context: Context, org_id: str, domain_id: str, *, remove_records: bool = False, actor: str = DAEMON
) -> tuple[Domain, tuple[LeftRecord, ...]]:
    """Gone here at once; at Cloudflare by a `deregister` job. The domain as it last was, and what it leaves in DNS.

    remove_records: have what we wrote taken out of DNS, by a job too. Raises NotFound.
    """

    def unit(tx: Transaction) -> tuple[Domain, tuple[LeftRecord, ...]]:
        domain = owned(tx, org_id, domain_id)
        left = erase(context, tx, org_id, [domain], remove_records=remove_records, actor=actor)
        return domain, left[domain.id]

    return await context.database.write(unit)
