"""A connected domain, and a zone whose provider does what a test tells it."""

from collections.abc import Iterator
from typing import cast

import pytest

from dcvd.config import Config, Live
from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobState
from dcvd.core.records.written_records import WrittenRecord
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue as jobs
from dcvd.services.records import plans
from dcvd.store import written_records
from dcvd.store.engine.database import Database
from dcvd.store.organizations.organizations import Organization
from tests.conftest import VAULT
from tests.dns_provider import OneProvider, ZoneAtProvider, connect
from tests.manual_clock import ManualClock
from tests.performing import attempt
from tests.services.memory import MemoryDatabase
from tests.services.views import all_jobs

NAME = "app.customer.test"
OURS = f"{NAME} CNAME edge.sandbox.test"
THEIRS = f"{NAME} A 192.0.2.1"


class Desk:
    """An organization with a connection, and the zone behind it."""

    def __init__(self, context: Context, clock: ManualClock, org_id: str, connection_id: str) -> None:
        self.context = context
        self.clock = clock
        self.org_id = org_id
        self.connection_id = connection_id
        self.lead_to(ZoneAtProvider())

    def lead_to(self, zone: ZoneAtProvider) -> None:
        """Have the connection reach this zone."""
        self.zone = zone
        self.access = OneProvider(self.context, zone)

    async def domain(self, name: str = NAME, **options: object) -> Domain:
        """A new one, connected."""
        return await additions.add(self.context, self.org_id, name, connection_id=self.connection_id, **options)  # type: ignore[arg-type]  # as `add` has them

    async def ask(self, domain: Domain, *, replacing: bool = False, timeout_s: float = 10.0) -> Job:
        self.clock.advance(1)
        plan = await plans.plan_write(
            self.context,
            self.access,
            self.org_id,
            domain.id,
            connection_id=self.connection_id,
            replace=replacing,
            timeout_s=timeout_s,
        )
        return await plans.enqueue_write(
            self.context, self.org_id, domain.id, plan, replace=replacing, actor="operator"
        )

    async def replace(self) -> Domain:
        """A domain whose record was written in the place of another."""
        self.zone.add("A", "192.0.2.1")
        domain = await self.domain()
        await self.work()
        await self.ask(domain, replacing=True)
        await self.work()
        return domain

    async def undo(self, domain: Domain) -> Job:
        self.clock.advance(1)
        plan = await plans.plan_undo(self.context, self.access, self.org_id, domain.id)
        return await plans.enqueue_undo(self.context, self.org_id, domain.id, plan, actor="operator")

    async def pending(self) -> list[Job]:
        return [job for job in await self.jobs() if job.state is JobState.PENDING]

    async def jobs(self) -> list[Job]:
        return [job for job in await all_jobs(self.context, self.org_id) if job.kind == "write_dns"]

    async def work(self) -> Job:
        """One try of the oldest pending job; how it stands then."""
        (job, *_) = await self.pending()
        await attempt(self.context, self.access, job)
        return await jobs.get(self.context, self.org_id, job.id)

    async def rows(self, domain: Domain) -> list[WrittenRecord]:
        return await self.context.database.read(lambda snapshot: written_records.list_of_domain(snapshot, domain.id))


@pytest.fixture
def context(config: Config, clock: ManualClock) -> Iterator[Context]:
    """In memory: what a crash leaves is what was committed."""
    database = MemoryDatabase()
    yield Context(cast(Database, database), Live(config), vault=VAULT, clock=clock, random_fraction=lambda: 0.0)
    database.close()


@pytest.fixture
async def desk(context: Context, clock: ManualClock, organization: Organization) -> Desk:
    return Desk(context, clock, organization.id, (await connect(context, organization.id)).id)
