"""What a `write_dns` job finds stored, whether it is still wanted, and how it stores what became of the records."""

from collections.abc import Sequence
from typing import assert_never

import structlog
from msgspec.structs import replace as changed

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobState
from dcvd.core.records.plan import describe_records
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.records.zones import ZoneRecord
from dcvd.errors import RecordConflict
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.jobs.dns_writes import WRITE_DNS
from dcvd.store import domains, written_records
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs as jobs_table

log = structlog.get_logger(__name__)


class WriteSuperseded(Exception):
    """What the job is for was given up, while it was at it: see `is_wanted`."""


def is_wanted(job: Job, domain: Domain | None) -> bool:
    """Whether what a job was enqueued for still holds: it may have waited, or be a dead letter that somebody retries.

    A write holds while its domain is connected as it was then; an undo, while its domain is not connected again; a
    removal, while its domain is gone.
    """
    action = WRITE_DNS.decode_payload(job).action
    match action:
        case "write":
            return domain is not None and domain.connection_id == job.connection_id
        case "undo":
            return domain is not None and domain.connection_id is None
        case "remove":
            return domain is None
        case _:
            assert_never(action)


def read_if_wanted(snapshot: Snapshot, job: Job) -> tuple[Domain | None, list[WrittenRecord]]:
    """Read the state, just before the zone is changed. Raises WriteSuperseded where the job has ended, or should."""
    domain, rows = read_state(snapshot, job)
    stored = jobs_table.get(snapshot, job.id)
    if stored is None or stored.state is not JobState.PENDING or not is_wanted(job, domain):
        raise WriteSuperseded
    return domain, rows


def read_state(snapshot: Snapshot, job: Job) -> tuple[Domain | None, list[WrittenRecord]]:
    domain_id = job.domain_id
    assert domain_id is not None, "a write_dns job is about a domain"
    return domains.get(snapshot, domain_id), written_records.list_of_domain(snapshot, domain_id)


async def complete_unwanted(context: Context, job: Job) -> None:
    """End a job that is not wanted any more, as done. Raises Permanent where its connection was removed."""

    def unit(tx: Transaction) -> None:
        if job.connection_id is not None and connections.get(tx, job.connection_id) is None:
            raise dns_writes.connection_removed_error(job)
        queue.succeed(context, tx, job)

    await context.database.write(unit)
    log.info("dns_write.not_wanted", job_id=job.id, domain=job.domain_name, action=job.action)


def store_records(
    tx: Transaction, finished_records: Sequence[WrittenRecord], foreign_records: Sequence[WrittenRecord]
) -> None:
    """Store which records are written, and forget the foreign ones, which somebody else has changed since.

    A row that was removed with its domain stays removed, and one that another domain has taken over stays as it is.
    """
    stored_by_id = {
        row.id: row
        for row in written_records.list_of_domains(tx, {row.domain_id for row in (*finished_records, *foreign_records)})
    }
    written_records.delete(tx, [row.id for row in foreign_records if row.id in stored_by_id])
    for row in finished_records:
        stored = stored_by_id.get(row.id)
        if stored is not None:
            moved = move_to_connection(tx, stored, row.connection_id)
            written_records.put(
                tx, changed(row, connection_id=moved.connection_id, before=moved.before, orphaned_at=stored.orphaned_at)
            )


def move_to_connection(tx: Snapshot, row: WrittenRecord, connection_id: str | None) -> WrittenRecord:
    """Return a record as one of the connection that its owner made to replace the first.

    The other provider's form of the records that were there before means nothing to this one.
    """
    if connection_id is None or row.connection_id == connection_id:
        return row
    new_connection = connections.get(tx, connection_id)
    old_connection = None if row.connection_id is None else connections.get(tx, row.connection_id)
    if new_connection is None:
        # The connection was removed while it was used.
        return changed(row, connection_id=None)
    if old_connection is not None and old_connection.provider is new_connection.provider:
        return changed(row, connection_id=connection_id)
    before = tuple(changed(zone_record, id=None, raw=None) for zone_record in row.before)
    return changed(row, connection_id=connection_id, before=before)


def not_written_error(name: str, zone_records: Sequence[ZoneRecord]) -> RecordConflict:
    """The provider accepted the change, but the zone does not show it: it may be slow, or somebody changed it since."""
    content = f"{describe_records(zone_records)} stands there" if zone_records else "nothing stands there"
    return RecordConflict(f"The DNS provider accepted the change at {name}, but {content} now.", code="not_written")
