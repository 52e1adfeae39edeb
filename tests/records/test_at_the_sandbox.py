"""A domain whose record dcvd writes itself, at a sandbox that is Cloudflare to both sides."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.errors import Conflict
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.sandbox.customers.model import NAME_SERVERS
from dcvd.services import organizations
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.records import plans
from dcvd.sync.checker import DomainChecker
from tests.jobs.working import settled
from tests.providers.cloudflare.customer import Customer, EventfulFetcher, fetching
from tests.providing import access_of
from tests.waiting import until


@pytest.fixture
def sandbox_config(config: Config, sandbox_config: Config, quick_sandbox: Sandbox) -> Config:
    """Customers' zones are at the same sandbox."""
    cloudflare = replace(config.providers_cloudflare, api_base_url=quick_sandbox.api_url)
    return replace(sandbox_config, providers_cloudflare=cloudflare)


@pytest.fixture
async def fetcher() -> AsyncIterator[EventfulFetcher]:
    async with fetching() as fetcher:
        yield fetcher


@pytest.fixture
async def customer(quick_sandbox: Sandbox, fetcher: EventfulFetcher) -> AsyncIterator[Customer]:
    async with aiohttp.ClientSession() as session:
        yield Customer(quick_sandbox, session, fetcher)


async def test_a_click_is_all_that_the_customer_does_until_his_domain_is_active_and_when_it_goes(
    sandbox_context: Context, cloudflare: CloudflareClient, customer: Customer, fetcher: EventfulFetcher
) -> None:
    context = sandbox_context
    made = await _connect(context, customer)
    org_id = made.org_id
    before = await customer.standing()
    worker = JobWorker(context, cloudflare, access_of(context, fetcher), Metrics())
    looker = DomainChecker(context, cloudflare, DnsObserver(context.config), Metrics())
    working = asyncio.create_task(worker.run())
    try:
        domain = await additions.add(context, org_id, "app.customer.test", connection_id=made.id)

        async def active() -> bool:
            seen = await looker.check(await queries.get(context, org_id, domain.id))
            return seen is not None and seen.status is DomainStatus.ACTIVE

        await until(active)
        assert "app.customer.test CNAME edge.sandbox.test" in await customer.standing()
        await removals.remove(context, org_id, domain.id, remove_records=True)
        await settled(context, org_id)
        assert await customer.standing() == before
    finally:
        working.cancel()
        await asyncio.wait([working])
        await worker.pool.drain(1)


async def test_a_zone_whose_registrar_names_other_servers_is_not_written_to_until_it_names_cloudflares(
    sandbox_context: Context, customer: Customer, fetcher: EventfulFetcher, quick_sandbox: Sandbox
) -> None:
    context = sandbox_context
    made = await _connect(context, customer)
    access = access_of(context, fetcher)
    domain = await additions.add(context, made.org_id, "app.customer.test")
    quick_sandbox.set_dns("customer.test", "NS", ["ns1.elsewhere.test.", "ns2.elsewhere.test."])
    with pytest.raises(Conflict, match=r"name servers ns1\.elsewhere\.test and ns2\.elsewhere\.test") as caught:
        await plans.plan_write(context, access, made.org_id, domain.id, connection_id=made.id, replace=True)
    assert caught.value.code == "zone_not_in_use"
    assert await _standing_at_app(customer) == []
    quick_sandbox.set_dns("customer.test", "NS", [f"{name}." for name in NAME_SERVERS])
    plan = await plans.plan_write(context, access, made.org_id, domain.id, connection_id=made.id, replace=True)
    assert [step.state for step in plan.steps] == ["create"]


async def test_a_stop_between_taking_a_record_out_and_putting_ours_in_waits_until_ours_is_there(
    sandbox_context: Context, cloudflare: CloudflareClient, customer: Customer, fetcher: EventfulFetcher
) -> None:
    context = sandbox_context
    made = await _connect(context, customer)
    access = access_of(context, fetcher)
    domain = await additions.add(context, made.org_id, "app.customer.test")
    await customer.add("A", "192.0.2.1")
    plan = await plans.plan_write(context, access, made.org_id, domain.id, connection_id=made.id, replace=True)
    await plans.enqueue_write(context, made.org_id, domain.id, plan, replace=True, actor="operator")
    is_creating, may_create = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        is_creating.set()
        await may_create.wait()

    fetcher.before["POST"] = hold
    worker = JobWorker(context, cloudflare, access, Metrics())
    working = asyncio.create_task(worker.run())
    await is_creating.wait()
    working.cancel()
    await asyncio.wait([working])
    assert await _standing_at_app(customer) == []
    stopping = asyncio.create_task(worker.pool.drain(0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(stopping), 0.1)
    may_create.set()
    await stopping
    assert worker.pool.running_count == 0
    assert await _standing_at_app(customer) == ["app.customer.test CNAME edge.sandbox.test"]


async def _connect(context: Context, customer: Customer) -> Connection:
    """A new organization's connection to the customer's account."""
    return await creation.create(
        context,
        (await organizations.create(context, "Acme")).id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret(customer.token())),
        account=None,
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor="operator",
    )


async def _standing_at_app(customer: Customer) -> list[str]:
    return [record for record in await customer.standing() if record.startswith("app.customer.test ")]
