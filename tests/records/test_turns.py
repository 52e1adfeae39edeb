"""Who is written when: a provider that hangs holds up its own connection, and nobody else."""

import asyncio
from collections import Counter

import pytest
from msgspec.structs import replace

from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.providers.driver import RecordDriver
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from tests.dns_provider import OneProvider, ZoneAtProvider, connect
from tests.jobs.working import settled
from tests.services.views import all_jobs
from tests.waiting import until


class _Hanging(OneProvider):
    """Counts who is at a provider that does not answer until it may."""

    def __init__(self, context: Context, zone: ZoneAtProvider) -> None:
        super().__init__(context, zone)
        self.may_answer = asyncio.Event()
        self.there: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_of_all = 0

    async def open_driver(self, org_id: str, connection_id: str) -> RecordDriver:
        self.there[connection_id] += 1
        self.most[connection_id] = max(self.most[connection_id], self.there[connection_id])
        self.most_of_all = max(self.most_of_all, self.there.total())
        await self.may_answer.wait()
        self.there[connection_id] -= 1
        return await super().open_driver(org_id, connection_id)


@pytest.mark.parametrize(("count", "at_once"), [(1, 1), (3, 2)])
async def test_a_connection_does_one_thing_at_a_time_and_all_of_them_leave_slots_to_other_jobs(
    sandbox_context: Context, cloudflare: CloudflareClient, count: int, at_once: int
) -> None:
    context = sandbox_context
    context.live_config.value = replace(context.config, jobs=replace(context.config.jobs, concurrency=8))
    zone = ZoneAtProvider()
    access = _Hanging(context, zone)
    org_id = (await organizations.create(context, "Acme")).id
    made = [await connect(context, org_id) for _ in range(count)]
    for number in range(6):
        name = f"app{number}.customer.test"
        await additions.add(context, org_id, name, connection_id=made[number % count].id)
    worker = JobWorker(context, cloudflare, access, Metrics())
    working = asyncio.create_task(worker.run())
    try:

        async def registered() -> bool:
            found = await all_jobs(context, org_id)
            return all(job.state is JobState.DONE for job in found if job.kind == "register")

        await until(registered)
        access.may_answer.set()
        await settled(context, org_id)
    finally:
        working.cancel()
        await asyncio.wait([working])
        await worker.pool.drain(1)
    assert access.most_of_all == at_once
    assert set(access.most.values()) == {1}
    assert len(zone.records) == 6
