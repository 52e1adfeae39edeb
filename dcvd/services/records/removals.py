"""Take what we wrote out of customers' zones: by an undo, which restores the earlier records, or with the domain."""

from collections.abc import Sequence

import structlog
from msgspec.structs import replace as changed

from dcvd.core.domains.required_records import known_records
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.records import undo
from dcvd.core.records.written_records import WrittenRecord
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import ConnectionAccess
from dcvd.services.records import zone_editor
from dcvd.services.records.job_state import (
    WriteSuperseded,
    complete_unwanted,
    is_wanted,
    not_written_error,
    read_if_wanted,
    read_state,
    store_records,
)
from dcvd.store import domains, written_records
from dcvd.store.engine.transactions import Snapshot, Transaction

log = structlog.get_logger(__name__)


async def undo_write(context: Context, access: ConnectionAccess, job: Job) -> None:
    """Restore the earlier records. Raises what `write` raises."""
    domain, rows = await context.database.read(lambda snapshot: read_state(snapshot, job))
    if not is_wanted(job, domain):
        await complete_unwanted(context, job)
        return
    for row in rows:
        editor = await zone_editor.open_written_zone(access, job.org_id, _connection_id_of(job, row), row)
        step = undo.plan_undo(row, await editor.read(row.name), editor.zone)
        if step.obstacle is not None:
            raise Permanent(step.obstacle.wording, code=step.obstacle.code)
        if step.state != "done":
            try:
                undoing_row = await _store_undoing(context, job, row)
            except WriteSuperseded:
                await complete_unwanted(context, job)
                return
            await editor.change(step.to_remove, step.to_add)
            zone_records = await editor.read(row.name)
            if undo.plan_undo(undoing_row, zone_records, editor.zone).state != "done":
                raise not_written_error(row.name, zone_records)
            log.info("dns_write.undone", job_id=job.id, name=row.name, restored=len(step.to_add))
    await context.database.write(lambda tx: _complete_removal(context, tx, job, rows))


async def remove(context: Context, access: ConnectionAccess, job: Job) -> None:
    """Remove the records that we wrote for a domain that is removed, and only those. Raises what `write` raises.

    A domain of the same name that the organization added since has taken them over. One that another organization has
    proved keeps those that it needs, and a Permanent error says so.
    """
    _, rows = await context.database.read(lambda snapshot: read_state(snapshot, job))
    removed_rows: list[WrittenRecord] = []
    needed_rows: list[WrittenRecord] = []
    for row in rows:
        if await context.database.read(lambda snapshot: _is_needed(snapshot, job, row)):  # noqa: B023
            needed_rows.append(row)
            continue
        editor = await zone_editor.open_written_zone(access, job.org_id, _connection_id_of(job, row), row)
        our_records = undo.select_ours(row, await editor.read(row.name))
        if our_records:
            try:
                await _store_undoing(context, job, row)
            except WriteSuperseded:
                log.info("dns_write.needed_again", job_id=job.id, name=row.name)
                continue
            await editor.change(our_records, ())
            zone_records = await editor.read(row.name)
            if undo.select_ours(row, zone_records):
                raise not_written_error(row.name, zone_records)
        removed_rows.append(row)
        log.info("dns_write.removed", job_id=job.id, name=row.name, removed=len(our_records))
    if needed_rows:
        await context.database.write(lambda tx: _forget(tx, job, removed_rows))
        raise _needed_by_others_error(needed_rows)
    await context.database.write(lambda tx: _complete_removal(context, tx, job, removed_rows))


async def _store_undoing(context: Context, job: Job, row: WrittenRecord) -> WrittenRecord:
    """Store that a record of ours is about to be taken out. Raises WriteSuperseded where it is not to be any more."""
    undoing_row = changed(row, state="undoing")

    def unit(tx: Transaction) -> None:
        _, stored_rows = read_if_wanted(tx, job)
        if row.id not in {stored.id for stored in stored_rows}:
            raise WriteSuperseded
        store_records(tx, [undoing_row], [])

    await context.database.write(unit)
    return undoing_row


def _is_needed(snapshot: Snapshot, job: Job, row: WrittenRecord) -> bool:
    """Whether another organization has proved the name since, and needs the very same record.

    A claim that is not proved keeps nothing in anybody's zone.
    """
    domain = None if job.domain_name is None else domains.find_holder(snapshot, job.domain_name)
    return domain is not None and domain.org_id != job.org_id and row.record in known_records(domain)


def _forget(tx: Transaction, job: Job, rows: Sequence[WrittenRecord]) -> None:
    """Forget records that are out of DNS, but for those that another domain has taken over meanwhile."""
    _, own_rows = read_state(tx, job)
    own_ids = {row.id for row in own_rows}
    written_records.delete(tx, [row.id for row in rows if row.id in own_ids])


def _complete_removal(context: Context, tx: Transaction, job: Job, rows: Sequence[WrittenRecord]) -> None:
    """End the job: nothing of ours is in the zone any more."""
    _forget(tx, job, rows)
    queue.succeed(context, tx, job)
    domain, _ = read_state(tx, job)
    if domain is not None:
        domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)


def _connection_id_of(job: Job, row: WrittenRecord) -> str:
    connection_id = row.connection_id or job.connection_id
    assert connection_id is not None, "a write_dns job has a connection"
    return connection_id


def _needed_by_others_error(rows: Sequence[WrittenRecord]) -> Permanent:
    records = ", ".join(f"{row.name} {row.type} {row.value}" for row in rows)
    return Permanent(
        f"The name is in use by another customer of this service, who needs what was to be removed: {records} stays.",
        code="record_needed_by_others",
    )
