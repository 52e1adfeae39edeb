"""What `write_dns` jobs do: observe, plan, store the intent, apply, read back, store that it is done.

Wherever a try is cut off, the next one finds the zone and the row that was stored before, and goes on.
"""

from collections.abc import Collection, Sequence
from typing import Final, assert_never

import structlog
from msgspec.structs import replace as changed

from dcvd.core.domains.domain import Record
from dcvd.core.domains.required_records import known_records
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.records.plan import Obstacle, PlanStep, is_cname_to, plan_record
from dcvd.core.records.written_records import WrittenRecord, our_values_of, records_to_restore
from dcvd.core.sentences.wording import word_all
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.jobs.definition import ConnectionAccess
from dcvd.services.records import zone_editor
from dcvd.services.records.job_state import (
    WriteSuperseded,
    complete_unwanted,
    is_wanted,
    move_to_connection,
    not_written_error,
    read_if_wanted,
    read_state,
    store_records,
)
from dcvd.services.records.zone_editor import ZoneEditor
from dcvd.store import domains, written_records
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)

_ATTEMPTS_BY_DNS: Final = 2
"""In so many attempts DNS has to say which zone is in use: it may be silent for a while, and a provider's word old."""


async def write(
    context: Context, access: ConnectionAccess, job: Job, *, replaceable: Collection[Record] | None
) -> None:
    """Write the records that the domain needs, and remove only those of `replaceable` that are in their way, if any.

    Raises RemoteError, NotFound and NotConfigured.
    """
    domain, stored_records = await context.database.read(lambda snapshot: read_state(snapshot, job))
    if domain is None or domain.connection_id is None or not is_wanted(job, domain):
        await complete_unwanted(context, job)
        return
    required_records = known_records(domain)
    stored_by_name = {(stored_record.type, stored_record.name): stored_record for stored_record in stored_records}
    written: list[WrittenRecord] = []
    foreign: list[WrittenRecord] = []
    obstacles: list[Obstacle] = []
    editor = await zone_editor.open_zone_editor(
        context,
        access,
        job.org_id,
        domain.connection_id,
        domain.name,
        trusts_provider=job.attempts >= _ATTEMPTS_BY_DNS,
    )
    for record in required_records:
        stored_record = stored_by_name.get((record.type, record.name))
        step = await editor.plan(record, stored_record, replace=replaceable is not None, replaceable=replaceable)
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
                except WriteSuperseded:
                    await complete_unwanted(context, job)
                    return
            case _:
                assert_never(step.state)
    values_by_name = {(record.type, record.name): record.value for record in required_records}
    finished = [
        changed(row, value=values_by_name[row.type, row.name], replaced=None, state="written") for row in written
    ]
    if obstacles:
        await context.database.write(lambda tx: store_records(tx, finished, foreign))
        raise Permanent(word_all(obstacle.wording for obstacle in obstacles), code=obstacles[0].code)
    await context.database.write(lambda tx: _complete_write(context, tx, job, required_records, finished, foreign))


async def _apply(context: Context, job: Job, zone_editor: ZoneEditor, step: PlanStep) -> WrittenRecord:
    """Store the intent, write the record, read it back, and return it as it was stored before the write."""
    intent = await context.database.write(lambda tx: _store_intent(context, tx, job, zone_editor, step))
    await zone_editor.change(step.to_remove, step.to_add)
    zone_records = await zone_editor.read(step.record.name)
    if plan_record(step.record, zone_records, zone_editor.zone).state != "done":
        raise not_written_error(step.record.name, zone_records)
    log.info(
        "dns_write.written", job_id=job.id, name=step.record.name, value=step.record.value, removed=len(step.to_remove)
    )
    return intent


def _store_intent(
    context: Context, tx: Transaction, job: Job, zone_editor: ZoneEditor, step: PlanStep
) -> WrittenRecord:
    """Store what is about to be written. Raises WriteSuperseded where it is not wanted any more."""
    domain, rows = read_if_wanted(tx, job)
    assert domain is not None, "a write is wanted for a domain that is there"
    record = step.record
    row = next((row for row in rows if (row.type, row.name) == (record.type, record.name)), None)
    if row is not None:
        row = move_to_connection(tx, row, domain.connection_id)
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
    store_records(tx, finished_records, foreign_records)
    queue.succeed(context, tx, job)
    domain, _ = read_state(tx, job)
    if domain is None:
        return
    domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)
    if domain.connection_id == job.connection_id and known_records(domain) != planned_records:
        dns_writes.enqueue(context, tx, domain, domain.connection_id or "", dns_writes.PLAIN_WRITE)
