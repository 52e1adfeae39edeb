"""What `write_dns` jobs do: observe, plan, store the intent, apply, read back, store that it is done.

Wherever a try is cut off, the next one finds the zone and the row that was stored before, and goes on.
"""

from collections.abc import Sequence
from typing import assert_never

import structlog
from msgspec.structs import replace as changed

from dcvd.core.domains.domain import Domain, Record
from dcvd.core.domains.required_records import known_records
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.records import undo
from dcvd.core.records.plan import Obstacle, PlanStep, describe_records, is_cname_to, plan_record
from dcvd.core.records.written_records import WrittenRecord, our_values_of, records_to_restore
from dcvd.core.records.zones import ZoneRecord
from dcvd.errors import Permanent, RecordConflict
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.jobs.definition import ConnectionAccess
from dcvd.services.records import zone_editor
from dcvd.services.records.zone_editor import ZoneEditor
from dcvd.store import connections, domains, written_records
from dcvd.store import jobs as jobs_table
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)


class _WriteSuperseded(Exception):
    """The domain was removed, undone or connected otherwise, while its records were being written."""


async def write(context: Context, access: ConnectionAccess, job: Job, *, replace: bool) -> None:
    """Write the records that the domain needs. Raises RemoteError, NotFound and NotConfigured."""
    domain, stored_records = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    if domain is None or domain.connection_id is None or domain.connection_id != job.connection_id:
        log.info("dns_write.not_wanted", job_id=job.id, domain=job.domain_name)
        await queue.complete(context, job)
        return
    required_records = known_records(domain)
    stored_by_name = {(stored_record.type, stored_record.name): stored_record for stored_record in stored_records}
    written: list[WrittenRecord] = []
    foreign: list[WrittenRecord] = []
    obstacles: list[Obstacle] = []
    editor = await zone_editor.open_zone_editor(access, job.org_id, domain.connection_id, domain.name)
    for record in required_records:
        stored_record = stored_by_name.get((record.type, record.name))
        step = await editor.plan(record, stored_record, replace=replace)
        match step.state:
            case "blocked":
                assert step.obstacle is not None, "what is blocked says why"
                obstacles.append(step.obstacle)
            case "done" if stored_record is not None and record.value in stored_record.our_values:
                written.append(changed(stored_record, connection_id=domain.connection_id, zone=editor.zone.name))
            case "done" if stored_record is not None:
                foreign.append(stored_record)
            case "done":
                log.info("dns_write.was_there", job_id=job.id, name=record.name)
            case "create" | "replace":
                try:
                    written.append(await _apply(context, job, editor, step))
                except _WriteSuperseded:
                    await queue.complete(context, job)
                    return
            case _:
                assert_never(step.state)
    values_by_name = {(record.type, record.name): record.value for record in required_records}
    finished = [
        changed(row, value=values_by_name[row.type, row.name], replaced=None, state="written") for row in written
    ]
    if obstacles:
        await context.database.write(lambda tx: _store_records(tx, finished, foreign))
        raise Permanent(" ".join(obstacle.message for obstacle in obstacles), code=obstacles[0].code)
    await context.database.write(lambda tx: _complete_write(context, tx, job, required_records, finished, foreign))


async def _apply(context: Context, job: Job, zone_editor: ZoneEditor, step: PlanStep) -> WrittenRecord:
    """Store the intent, write the record, read it back, and return it as it was stored before the write."""
    intent = await context.database.write(lambda tx: _store_intent(context, tx, job, zone_editor, step))
    await zone_editor.change(step.to_remove, step.to_add)
    zone_records = await zone_editor.read(step.record.name)
    if plan_record(step.record, zone_records, zone_editor.zone).state != "done":
        raise _not_written_error(step.record.name, zone_records)
    log.info(
        "dns_write.written", job_id=job.id, name=step.record.name, value=step.record.value, removed=len(step.to_remove)
    )
    return intent


def _store_intent(
    context: Context, tx: Transaction, job: Job, zone_editor: ZoneEditor, step: PlanStep
) -> WrittenRecord:
    """Store what is about to be written. Raises _WriteSuperseded where it is not wanted any more."""
    domain, rows = _read_state(tx, job)
    stored = jobs_table.get(tx, job.id)
    is_pending = stored is not None and stored.state is JobState.PENDING
    if not is_pending or domain is None or domain.connection_id is None or domain.connection_id != job.connection_id:
        raise _WriteSuperseded
    record = step.record
    row = next((row for row in rows if (row.type, row.name) == (record.type, record.name)), None)
    if row is not None:
        row = _move_to_connection(tx, row, domain.connection_id)
    intent = WrittenRecord(
        id=context.new_id(IdPrefix.WRITTEN_RECORD) if row is None else row.id,
        org_id=domain.org_id,
        domain_id=domain.id,
        connection_id=domain.connection_id,
        zone=zone_editor.zone.name,
        type=record.type,
        name=record.name,
        value=record.value,
        replaced=next(
            (zone_record.value for zone_record in step.to_remove if is_cname_to(zone_record, our_values_of(row))), None
        ),
        before=records_to_restore(row, step),
        state="writing",
        written_at=context.now(),
    )
    written_records.put(tx, intent)
    return intent


def _complete_write(
    context: Context,
    tx: Transaction,
    job: Job,
    planned_records: Sequence[Record],
    finished_records: Sequence[WrittenRecord],
    foreign_records: Sequence[WrittenRecord],
) -> None:
    """End the job, check public DNS next, and enqueue another job for what became required meanwhile."""
    _store_records(tx, finished_records, foreign_records)
    queue.succeed(context, tx, job)
    domain, _ = _read_state(tx, job)
    if domain is None:
        return
    domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)
    if domain.connection_id == job.connection_id and known_records(domain) != planned_records:
        dns_writes.enqueue(context, tx, domain, domain.connection_id or "", dns_writes.PLAIN_WRITE)


def _store_records(
    tx: Transaction, finished_records: Sequence[WrittenRecord], foreign_records: Sequence[WrittenRecord]
) -> None:
    """Store which records are written, and forget the foreign ones, which somebody else has changed since.

    A row that was removed with its domain stays removed.
    """
    written_records.delete(tx, [row.id for row in foreign_records])
    stored_by_id = {
        row.id: row for row in written_records.list_of_domains(tx, [row.domain_id for row in finished_records])
    }
    for row in finished_records:
        stored = stored_by_id.get(row.id)
        if stored is not None:
            moved = _move_to_connection(tx, stored, row.connection_id)
            written_records.put(
                tx, changed(row, connection_id=moved.connection_id, before=moved.before, orphaned_at=stored.orphaned_at)
            )


def _move_to_connection(tx: Snapshot, row: WrittenRecord, connection_id: str | None) -> WrittenRecord:
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


async def undo_write(context: Context, access: ConnectionAccess, job: Job) -> None:
    """Restore the earlier records. Raises what `write` raises."""
    _, rows = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    for row in rows:
        editor = await zone_editor.open_zone_editor(access, job.org_id, _connection_id_of(job, row), row.name)
        step = undo.plan_undo(row, await editor.read(row.name), editor.zone)
        if step.obstacle is not None:
            raise Permanent(step.obstacle.message, code=step.obstacle.code)
        if step.state != "done":
            undoing_row = changed(row, state="undoing")
            await context.database.write(lambda tx: _store_records(tx, [undoing_row], []))  # noqa: B023  # awaited at once
            await editor.change(step.to_remove, step.to_add)
            zone_records = await editor.read(row.name)
            if undo.plan_undo(undoing_row, zone_records, editor.zone).state != "done":
                raise _not_written_error(row.name, zone_records)
            log.info("dns_write.undone", job_id=job.id, name=row.name, restored=len(step.to_add))
    await context.database.write(lambda tx: _complete_removal(context, tx, job, rows))


async def remove(context: Context, access: ConnectionAccess, job: Job) -> None:
    """Remove the records that we wrote, and only those. Raises what `write` raises."""
    _, rows = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    for row in rows:
        if await context.database.read(lambda snapshot: _is_needed(snapshot, job, row)):  # noqa: B023
            log.info("dns_write.needed_again", job_id=job.id, name=row.name)
            continue
        editor = await zone_editor.open_zone_editor(access, job.org_id, _connection_id_of(job, row), row.name)
        our_records = undo.select_ours(row, await editor.read(row.name))
        if our_records:
            await editor.change(our_records, ())
            zone_records = await editor.read(row.name)
            if undo.select_ours(row, zone_records):
                raise _not_written_error(row.name, zone_records)
        log.info("dns_write.removed", job_id=job.id, name=row.name, removed=len(our_records))
    await context.database.write(lambda tx: _complete_removal(context, tx, job, rows))


def _is_needed(snapshot: Snapshot, job: Job, row: WrittenRecord) -> bool:
    """Whether the name was added again, and needs the very same record."""
    domain = None if job.domain_name is None else domains.find_by_name(snapshot, job.domain_name)
    return domain is not None and row.record in known_records(domain)


def _complete_removal(context: Context, tx: Transaction, job: Job, rows: Sequence[WrittenRecord]) -> None:
    """End the job: nothing of ours is in the zone any more."""
    written_records.delete(tx, [row.id for row in rows])
    queue.succeed(context, tx, job)
    domain, _ = _read_state(tx, job)
    if domain is not None:
        domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)


def _read_state(snapshot: Snapshot, job: Job) -> tuple[Domain | None, list[WrittenRecord]]:
    domain_id = job.domain_id
    assert domain_id is not None, "a write_dns job is about a domain"
    return domains.get(snapshot, domain_id), written_records.list_of_domain(snapshot, domain_id)


def _connection_id_of(job: Job, row: WrittenRecord) -> str:
    connection_id = row.connection_id or job.connection_id
    assert connection_id is not None, "a write_dns job has a connection"
    return connection_id


def _not_written_error(name: str, zone_records: Sequence[ZoneRecord]) -> RecordConflict:
    """The provider accepted the change, but the zone does not show it: it may be slow, or somebody changed it since."""
    content = f"{describe_records(zone_records)} stands there" if zone_records else "nothing stands there"
    return RecordConflict(f"The DNS provider accepted the change at {name}, but {content} now.", code="not_written")
