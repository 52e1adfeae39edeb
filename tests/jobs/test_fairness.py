"""Who waits for whom: whatever one organization wants done, another's work of every kind goes on beside it."""

import asyncio
from typing import Any, cast

import pytest
from msgspec.structs import replace

from dcvd.core.jobs import NO_PAYLOAD, JobKind, JobState, NoPayload
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobRun
from dcvd.store.engine.transactions import Transaction
from tests.conftest import VAULT
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.waiting import until

_NO_CLOUDFLARE = cast(CloudflareClient, None)
_KINDS = [definition.kind.name for definition in JOB_DEFINITIONS]


@pytest.fixture
def real_time(context: Context) -> Context:
    """In real time, because a worker waits by it."""
    return Context(context.database, context.live_config, vault=VAULT, random_fraction=lambda: 0.0)


def _enqueue(context: Context, tx: Transaction, kind: str, org_id: str, number: int) -> None:
    declared = next(definition.kind for definition in JOB_DEFINITIONS if definition.kind.name == kind)
    plain = JobKind(kind, NoPayload, waits_for=declared.waits_for)
    name = f"n{number}.{org_id}.test"
    queue.enqueue(context, tx, plain, NO_PAYLOAD, org_id=org_id, domain_name=name, connection_id=f"at {name}")


def _define(definition: JobDefinition[Any], flood_org: str, end: asyncio.Event) -> JobDefinition[NoPayload]:
    """That kind with its own limits, whose jobs of one organization do not end by themselves."""

    async def perform(run: JobRun[NoPayload]) -> None:
        if run.job.org_id == flood_org:
            await end.wait()
        await queue.complete(run.context, run.job)

    return JobDefinition(
        kind=JobKind(definition.kind.name, NoPayload, waits_for=definition.kind.waits_for),
        perform=perform,
        rank=definition.rank,
        limits=replace(definition.limits, count_free=None),
    )


@pytest.mark.parametrize("flood", _KINDS)
@pytest.mark.sampled(3)
async def test_endless_work_of_one_organization_delays_no_kind_of_anothers(real_time: Context, flood: str) -> None:
    context, end = real_time, asyncio.Event()
    flood_org = (await organizations.create(context, "Flood")).id
    other_org = (await organizations.create(context, "Other")).id

    def enqueue_flood(tx: Transaction) -> None:
        for number in range(800):
            _enqueue(context, tx, flood, flood_org, number)

    await context.database.write(enqueue_flood)
    definitions = [_define(definition, flood_org, end) for definition in JOB_DEFINITIONS]
    worker = JobWorker(context, _NO_CLOUDFLARE, access_of(context), Metrics(), definitions=definitions)
    task = asyncio.create_task(worker.run())

    async def flood_holds_slots() -> bool:
        return worker.pool.running_count > 0

    async def others_are_done() -> bool:
        return {job.state for job in await all_jobs(context, other_org)} == {JobState.DONE}

    try:
        await until(flood_holds_slots)

        def enqueue_others(tx: Transaction) -> None:
            for kind in _KINDS:
                for number in range(3):
                    _enqueue(context, tx, kind, other_org, number)

        await context.database.write(enqueue_others)
        await until(others_are_done)
    finally:
        task.cancel()
        end.set()
        await asyncio.wait([task])
        await worker.pool.drain(5)
