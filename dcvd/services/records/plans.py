"""Write a domain's records when somebody asks for it: first a plan, based on what is in the zone, then the job."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct
from msgspec.structs import replace as changed

from dcvd.core.audit import AuditAction
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.required_records import known_records
from dcvd.core.jobs import Job
from dcvd.core.records import undo as dns_undo
from dcvd.core.records.plan import ZONE_NOT_FOUND, DnsPlan
from dcvd.core.records.written_records import WrittenRecord, connection_id_of
from dcvd.core.records.zone_use import ZONE_NOT_IN_USE
from dcvd.core.records.zones import DnsWrite
from dcvd.core.sentences.wording import word, word_all
from dcvd.errors import Conflict, InvalidInput, Permanent, Retryable, Unauthorized
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services import audit, reach, timeline
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.domains.additions import connection_not_found_error
from dcvd.services.domains.queries import get_owned
from dcvd.services.jobs import dns_writes
from dcvd.services.jobs.dns_writes import WRITE_DNS
from dcvd.services.records import zone_editor
from dcvd.store import domains, written_records
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction

_PROVIDER_TIMEOUT_S: Final = 10.0
"""Seconds that a caller waits for their provider to say what is in the zone."""

_UNDO_WRITE: Final = DnsWrite(action="undo")


async def plan_write(
    context: Context,
    access: ProviderAccess,
    org_id: str,
    domain_id: str,
    *,
    connection_id: str | None,
    replace: bool,
    timeout_s: float = _PROVIDER_TIMEOUT_S,
) -> DnsPlan:
    """Plan a write without doing it; with `connection_id` None, through the connection that the domain has.

    Raises NotFound, InvalidInput for the connection, Conflict where it cannot be used for this domain, Retryable where
    the provider does not answer in time, other RemoteErrors as the provider answers.
    """

    def query(snapshot: Snapshot) -> tuple[Domain, str, list[WrittenRecord]]:
        domain = get_owned(snapshot, org_id, domain_id)
        chosen_id = connection_id or _find_connection(context, snapshot, domain)
        if chosen_id is None:
            raise InvalidInput("connectionId", word("connection_needed", name=domain.name))
        check_connection(context, snapshot, org_id, chosen_id)
        return domain, chosen_id, written_records.list_of_domain(snapshot, domain.id)

    domain, chosen_id, stored_records = await context.database.read(query)
    stored_by_name = {(row.type, row.name): row for row in stored_records}
    async with _bound_provider_calls(timeout_s):
        editor = await zone_editor.open_zone_editor(
            context, access, org_id, chosen_id, domain.name, trusts_provider=True
        )
        steps = [
            await editor.plan(record, stored_by_name.get((record.type, record.name)), replace=replace)
            for record in known_records(domain)
        ]
    return DnsPlan(connection_id=chosen_id, zone=editor.zone.name, steps=tuple(steps))


async def enqueue_write(
    context: Context, org_id: str, domain_id: str, dns_plan: DnsPlan, *, replace: bool, actor: str
) -> Job:
    """Enqueue the job that carries out a plan, and connect the domain; a pending job that does the same is returned.

    The job replaces nothing but what the plan shows.

    Raises NotFound, InvalidInput, and Conflict where something is in the way or another job is pending.
    """
    _refuse_blocked(dns_plan)
    dns_write = DnsWrite(action="write", replaceable=dns_plan.replaceable if replace else None)
    connection_id = dns_plan.connection_id

    def unit(tx: Transaction) -> Job:
        domain = get_owned(tx, org_id, domain_id)
        check_connection(context, tx, org_id, connection_id)
        pending = dns_writes.list_pending(tx, domain.id)
        same_jobs = [
            job
            for job in pending
            if job.connection_id == connection_id and _does_same(WRITE_DNS.decode_payload(job), dns_write)
        ]
        if pending and pending != same_jobs:
            raise Conflict(
                word("dns_write_pending", name=domain.name, job=pending[0].id),
                code="dns_write_pending",
                existing_id=pending[0].id,
            )
        if domain.connection_id != connection_id:
            domains.update(tx, changed(domain, connection_id=connection_id, updated_at=context.now()))
        detail = f"{connection_id}, replace" if replace else connection_id
        timeline.record_request(context, tx, org_id, domain_id, actor=actor, what="dns_write", detail=detail)
        job = (
            dns_writes.make_due(context, tx, same_jobs[0])
            if same_jobs
            else dns_writes.enqueue(context, tx, domain, connection_id, dns_write)
        )
        after = {"connectionId": connection_id, "replace": replace, "jobId": job.id}
        audit.record(context, tx, org_id, AuditAction.DNS_WRITE_REQUESTED, domain_id, after=after)
        context.remember_result(tx, lambda: PlannedJob(dns_plan, job))
        return job

    return await context.database.write(unit)


async def plan_undo(context: Context, access: ProviderAccess, org_id: str, domain_id: str) -> DnsPlan:
    """Plan what an undo would put back. Raises what `plan_write` raises, and Conflict where we wrote nothing."""

    def query(snapshot: Snapshot) -> tuple[str, list[WrittenRecord]]:
        domain = get_owned(snapshot, org_id, domain_id)
        stored_records = written_records.list_of_domain(snapshot, domain.id)
        if not stored_records:
            raise Conflict(word("nothing_to_undo", name=domain.name), code="nothing_to_undo")
        connection_id = connection_id_of(domain, stored_records)
        if connection_id is None:
            raise Conflict(word("connection_removed", name=domain.name), code="connection_removed")
        return connection_id, stored_records

    connection_id, stored_records = await context.database.read(query)
    steps = []
    async with _bound_provider_calls(_PROVIDER_TIMEOUT_S):
        for stored_record in stored_records:
            editor = await zone_editor.open_written_zone(
                access, org_id, stored_record.connection_id or connection_id, stored_record
            )
            steps.append(dns_undo.plan_undo(stored_record, await editor.read(stored_record.name), editor.zone))
    return DnsPlan(connection_id=connection_id, zone=stored_records[0].zone, steps=tuple(steps))


async def enqueue_undo(context: Context, org_id: str, domain_id: str, dns_plan: DnsPlan, *, actor: str) -> Job:
    """Enqueue the job that undoes a plan, and end the domain's connection, so that nothing is written again by itself.

    Raises NotFound, and Conflict where the zone holds something else than what was written.
    """
    _refuse_blocked(dns_plan)

    def unit(tx: Transaction) -> Job:
        domain = get_owned(tx, org_id, domain_id)
        if domain.connection_id is not None:
            domains.update(tx, changed(domain, connection_id=None, updated_at=context.now()))
        timeline.record_request(
            context, tx, org_id, domain_id, actor=actor, what="dns_undo", detail=dns_plan.connection_id
        )
        # A job that still wants to write finds the domain without a connection, and ends; the undo waits for that.
        pending_jobs = [dns_writes.make_due(context, tx, job) for job in dns_writes.list_pending(tx, domain.id)]
        undo_job = next((job for job in pending_jobs if job.action == _UNDO_WRITE.action), None)
        job = undo_job or dns_writes.enqueue(context, tx, domain, dns_plan.connection_id, _UNDO_WRITE)
        after = {"connectionId": dns_plan.connection_id, "jobId": job.id}
        audit.record(context, tx, org_id, AuditAction.DNS_UNDO_REQUESTED, domain_id, after=after)
        context.remember_result(tx, lambda: PlannedJob(dns_plan, job))
        return job

    return await context.database.write(unit)


class PlannedJob(Struct, frozen=True):
    """A plan, and the job that carries it out."""

    plan: DnsPlan
    job: Job


class RecordRequest(Struct, frozen=True):
    """An organization's request about the records of one of its domains; `limit` bounds how often plans are made."""

    context: Context
    access: ProviderAccess
    limit: AdmissionLimit
    org_id: str
    domain_id: str

    async def plan_write(self, *, connection_id: str | None, replace: bool) -> DnsPlan:
        """Plan a write as far as `limit` allows. Raises what the function `plan_write` and `limit` raise."""
        with self.limit.admit(self.org_id, self.context.caller.link_id):
            return await plan_write(
                self.context, self.access, self.org_id, self.domain_id, connection_id=connection_id, replace=replace
            )

    async def write(self, *, connection_id: str | None, replace: bool, actor: str) -> PlannedJob:
        """Plan a write and enqueue its job. Raises what `plan_write` and `enqueue_write` raise."""
        plan = await self.plan_write(connection_id=connection_id, replace=replace)
        job = await enqueue_write(self.context, self.org_id, self.domain_id, plan, replace=replace, actor=actor)
        return PlannedJob(plan, job)

    async def undo(self, *, actor: str) -> PlannedJob:
        """Plan an undo and enqueue its job. Raises what `plan_undo`, `enqueue_undo` and `limit` raise."""
        with self.limit.admit(self.org_id, self.context.caller.link_id):
            plan = await plan_undo(self.context, self.access, self.org_id, self.domain_id)
        return PlannedJob(plan, await enqueue_undo(self.context, self.org_id, self.domain_id, plan, actor=actor))


def check_connection(context: Context, snapshot: Snapshot, org_id: str, connection_id: str) -> None:
    """Raise InvalidInput for a connection that the organization does not have, or that the caller may not use."""
    connection = connections.get(snapshot, connection_id)
    if connection is None or connection.org_id != org_id or not reach.covers_connection(context, connection):
        raise connection_not_found_error(connection_id)


def _find_connection(context: Context, snapshot: Snapshot, domain: Domain) -> str | None:
    """Return the id of the connection that a domain has, if the caller may use it."""
    connection = None if domain.connection_id is None else connections.get(snapshot, domain.connection_id)
    return connection.id if connection is not None and reach.covers_connection(context, connection) else None


def _does_same(one: DnsWrite, other: DnsWrite) -> bool:
    return one.action == other.action and (one.replaceable or ()) == (other.replaceable or ())


def _refuse_blocked(dns_plan: DnsPlan) -> None:
    obstacles = dns_plan.obstacles
    if obstacles:
        raise Conflict(word_all(obstacle.wording for obstacle in obstacles), code=obstacles[0].code)


@asynccontextmanager
async def _bound_provider_calls(timeout_s: float) -> AsyncIterator[None]:
    """Give the provider a deadline, and raise Conflict for what the owner has to put right at the connection."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        message = f"The DNS provider has not answered for {timeout_s:.0f} s; nothing was changed. Ask again later."
        raise Retryable(message, code="provider_slow") from error
    except Unauthorized as error:
        raise Conflict(error.said, code=error.code) from error
    except Permanent as error:
        if error.code in (ZONE_NOT_FOUND, ZONE_NOT_IN_USE):
            raise Conflict(error.said, code=error.code) from error
        raise
