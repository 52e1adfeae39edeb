"""What `write_dns` jobs do: observe, plan, store what is about to happen, apply, read back, store that it is done.

Wherever it is cut off, the next try finds what stands in the zone and the row that was stored before, and goes on.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, assert_never

import structlog
from msgspec.structs import replace as changed

from dcvd.core.domains.domain import Domain, Record
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.records import undo
from dcvd.core.records.plan import Obstacle, PlanStep, describe_records, is_cname_to, plan_record, records_to_write
from dcvd.core.records.written_records import WrittenRecord, our_values_of, records_to_restore
from dcvd.core.records.zones import ZoneRecord
from dcvd.errors import NotConfigured, NotFound, Permanent, RemoteError, Retryable, Unauthorized
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.records import zone_editor
from dcvd.services.records.zone_editor import ZoneEditor
from dcvd.store import connections, domains, written_records
from dcvd.store import jobs as stored_jobs
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 240.0
"""Seconds for a whole try; each call of a driver has a shorter deadline of its own."""
_MAX_ATTEMPTS: Final = 3
"""Tries after which a provider that says yes and writes nothing, or always sees a conflict, is asked no more."""
_RECORD_CONFLICT: Final = "record_conflict"


class _WriteSuperseded(Exception):
    """The domain was removed, undone or connected otherwise, while its records were being written."""


async def perform(context: Context, access: ProviderAccess, job: Job) -> None:
    """Do a job and store its end. Raises RemoteError when this try failed, Permanent where another would too."""
    wish = job.dns_write
    assert wish is not None, "a write_dns job says what it does"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            match wish.action:
                case "write":
                    await _write(context, access, job, replace=wish.replace)
                case "undo":
                    await _undo(context, access, job)
                case "remove":
                    await _remove(context, access, job)
                case _:
                    assert_never(wish.action)
    except TimeoutError as error:
        message = f"The DNS provider needs more than {_TIMEOUT_S:.0f} s for the records of {job.domain_name}."
        raise Retryable(f"{message} It is tried again.", code="provider_slow") from error
    except (Unauthorized, NotFound, NotConfigured) as error:
        # Its owner, or the operator, has to act first, and can then have the job tried again.
        raise Permanent(error.message, code=error.code) from error
    except Permanent as error:
        if error.code == _RECORD_CONFLICT and job.attempts + 1 < _MAX_ATTEMPTS:
            # Somebody changed the record between our look and our change: the next try sees what he made of it.
            raise Retryable(error.message, code=error.code) from error
        raise


async def _write(context: Context, access: ProviderAccess, job: Job, *, replace: bool) -> None:
    domain, rows = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    if domain is None or domain.connection_id is None or domain.connection_id != job.connection_id:
        log.info("dns_write.not_wanted", job_id=job.id, domain=job.domain_name)
        await context.database.write(lambda tx: queue.succeed(context, tx, job))
        return
    wanted = records_to_write(domain)
    known = {(row.type, row.name): row for row in rows}
    done: list[WrittenRecord] = []
    foreign: list[WrittenRecord] = []
    obstacles: list[Obstacle] = []
    reached = await zone_editor.open_zone_editor(access, job.org_id, domain.connection_id, domain.name)
    for record in wanted:
        row = known.get((record.type, record.name))
        step = plan_record(
            record, await reached.read(record.name), reached.zone, replace=replace, our_values=our_values_of(row)
        )
        match step.state:
            case "blocked":
                assert step.obstacle is not None, "what is blocked says why"
                obstacles.append(step.obstacle)
            case "done" if row is not None and record.value in row.our_values:
                done.append(changed(row, connection_id=domain.connection_id, zone=reached.zone.name))
            case "done" if row is not None:
                foreign.append(row)
            case "done":
                log.info("dns_write.was_there", job_id=job.id, name=record.name)
            case "create" | "replace":
                try:
                    done.append(await _apply(context, job, reached, step))
                except _WriteSuperseded:
                    await context.database.write(lambda tx: queue.succeed(context, tx, job))
                    return
            case _:
                assert_never(step.state)
    finished = [changed(row, value=_planned_value(wanted, row), replaced=None, state="written") for row in done]
    if obstacles:
        await context.database.write(lambda tx: _store_records(tx, finished, foreign))
        raise Permanent(" ".join(obstacle.message for obstacle in obstacles), code=obstacles[0].code)
    await context.database.write(lambda tx: _complete_write(context, tx, job, wanted, finished, foreign))


async def _apply(context: Context, job: Job, zone_editor: ZoneEditor, step: PlanStep) -> WrittenRecord:
    """The record as it was stored before the provider was asked; by then it stands there."""
    intended = await context.database.write(lambda tx: _store_intent(context, tx, job, zone_editor, step))
    await zone_editor.change(step.to_remove, step.to_add)
    found = await zone_editor.read(step.record.name)
    if plan_record(step.record, found, zone_editor.zone).state != "done":
        raise _not_written_error(job, step.record.name, found)
    log.info(
        "dns_write.written", job_id=job.id, name=step.record.name, value=step.record.value, removed=len(step.to_remove)
    )
    return intended


def _store_intent(
    context: Context, tx: Transaction, job: Job, zone_editor: ZoneEditor, step: PlanStep
) -> WrittenRecord:
    """Store what is about to happen, unless it is not wanted any more."""
    domain, rows = _read_state(tx, job)
    stored = stored_jobs.get(tx, job.id)
    pending = stored is not None and stored.state is JobState.PENDING
    if not pending or domain is None or domain.connection_id is None or domain.connection_id != job.connection_id:
        raise _WriteSuperseded
    record = step.record
    row = next((row for row in rows if (row.type, row.name) == (record.type, record.name)), None)
    if row is not None:
        row = _move_to_connection(tx, row, domain.connection_id)
    intended = WrittenRecord(
        id=context.new_id(IdPrefix.WRITTEN_RECORD) if row is None else row.id,
        org_id=domain.org_id,
        domain_id=domain.id,
        connection_id=domain.connection_id,
        zone=zone_editor.zone.name,
        type=record.type,
        name=record.name,
        value=record.value,
        replaced=next((each.value for each in step.to_remove if is_cname_to(each, our_values_of(row))), None),
        before=records_to_restore(row, step),
        state="writing",
        written_at=context.now(),
    )
    written_records.put(tx, intended)
    return intended


def _complete_write(
    context: Context,
    tx: Transaction,
    job: Job,
    planned_records: Sequence[Record],
    finished_records: Sequence[WrittenRecord],
    foreign_records: Sequence[WrittenRecord],
) -> None:
    """All is done; public DNS is asked next. What was required meanwhile is written by another job."""
    _store_records(tx, finished_records, foreign_records)
    queue.succeed(context, tx, job)
    domain, _ = _read_state(tx, job)
    if domain is None:
        return
    domains.set_next_check(tx, domain.id, context.now(), CheckLane.WAITING)
    if domain.connection_id == job.connection_id and records_to_write(domain) != planned_records:
        dns_writes.enqueue(context, tx, domain, domain.connection_id or "", dns_writes.PLAIN_WRITE)


def _store_records(
    tx: Transaction, finished_records: Sequence[WrittenRecord], foreign_records: Sequence[WrittenRecord]
) -> None:
    """What is written is so in the database too, and what somebody else has written since is ours no more.

    A row that went with its domain stays gone.
    """
    written_records.delete(tx, [row.id for row in foreign_records])
    there = {row.id: row for row in written_records.list_of_domains(tx, [row.domain_id for row in finished_records])}
    for row in finished_records:
        stored = there.get(row.id)
        if stored is not None:
            moved = _move_to_connection(tx, stored, row.connection_id)
            written_records.put(
                tx,
                changed(row, connection_id=moved.connection_id, before=moved.before, orphaned_at=stored.orphaned_at),
            )


def _move_to_connection(tx: Snapshot, row: WrittenRecord, connection_id: str | None) -> WrittenRecord:
    """A record as one of another connection, which its owner made in the place of the first.

    How another provider keeps a record that stood there before says nothing to this one.
    """
    if connection_id is None or row.connection_id == connection_id:
        return row
    new = connections.get(tx, connection_id)
    old = None if row.connection_id is None else connections.get(tx, row.connection_id)
    if new is None:
        # Removed while it was used.
        return changed(row, connection_id=None)
    if old is not None and old.provider is new.provider:
        return changed(row, connection_id=connection_id)
    before = tuple(changed(each, id=None, raw=None) for each in row.before)
    return changed(row, connection_id=connection_id, before=before)


async def _undo(context: Context, access: ProviderAccess, job: Job) -> None:
    _, rows = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    for row in rows:
        reached = await zone_editor.open_zone_editor(access, job.org_id, _connection_id_of(job, row), row.name)
        step = undo.plan_undo(row, await reached.read(row.name), reached.zone)
        if step.obstacle is not None:
            raise Permanent(step.obstacle.message, code=step.obstacle.code)
        if step.state != "done":
            undoing = changed(row, state="undoing")
            await context.database.write(lambda tx: _store_records(tx, [undoing], []))  # noqa: B023  # awaited at once
            await reached.change(step.to_remove, step.to_add)
            found = await reached.read(row.name)
            if undo.plan_undo(undoing, found, reached.zone).state != "done":
                raise _not_written_error(job, row.name, found)
            log.info("dns_write.undone", job_id=job.id, name=row.name, restored=len(step.to_add))
    await context.database.write(lambda tx: _complete_removal(context, tx, job, rows))


async def _remove(context: Context, access: ProviderAccess, job: Job) -> None:
    _, rows = await context.database.read(lambda snapshot: _read_state(snapshot, job))
    for row in rows:
        if await context.database.read(lambda snapshot: _is_needed(snapshot, job, row)):  # noqa: B023
            log.info("dns_write.needed_again", job_id=job.id, name=row.name)
            continue
        reached = await zone_editor.open_zone_editor(access, job.org_id, _connection_id_of(job, row), row.name)
        gone = undo.select_ours(row, await reached.read(row.name))
        if gone:
            await reached.change(gone, ())
            found = await reached.read(row.name)
            if undo.select_ours(row, found):
                raise _not_written_error(job, row.name, found)
        log.info("dns_write.removed", job_id=job.id, name=row.name, removed=len(gone))
    await context.database.write(lambda tx: _complete_removal(context, tx, job, rows))


def _is_needed(snapshot: Snapshot, job: Job, row: WrittenRecord) -> bool:
    """Whether the name was added again, and needs the very record."""
    domain = None if job.domain_name is None else domains.find_by_name(snapshot, job.domain_name)
    return domain is not None and row.record in records_to_write(domain)


def _complete_removal(context: Context, tx: Transaction, job: Job, rows: Sequence[WrittenRecord]) -> None:
    """Nothing of ours is in the zone any more."""
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


def _planned_value(planned_records: Sequence[Record], row: WrittenRecord) -> str:
    return next(record.value for record in planned_records if (record.type, record.name) == (row.type, row.name))


def _not_written_error(job: Job, name: str, zone_records: Sequence[ZoneRecord]) -> RemoteError:
    """The provider said yes, and what stands there says no: it may be slow, or somebody was faster."""
    there = f"{describe_records(zone_records)} stands there" if zone_records else "nothing stands there"
    message = f"The DNS provider accepted the change at {name}, but {there} now."
    if job.attempts + 1 < _MAX_ATTEMPTS:
        return Retryable(f"{message} It is tried again.", code="not_written")
    return Permanent(f"{message} Change the record at the provider by hand, or retry the job.", code="not_written")
