"""Each way of validation from its first record to `active`: real DNS, real calls, the records as they are asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus, RequiredRecord, ValidationMethod
from dcvd.core.domains.required_records import required_records
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop
from tests.jobs.working import settled
from tests.services.views import event_names
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker", "loop")


@pytest.fixture
async def loop(sandbox_context: Context, cloudflare: CloudflareClient) -> AsyncIterator[None]:
    """The loop at work, with a target of each hostname's own."""
    config = sandbox_context.config
    sandbox_context.live_config.value = replace(
        config,
        cloudflare=replace(config.cloudflare, cname_target="{token}.edge.sandbox.test"),
        sync=replace(config.sync, tick=20, pending_interval=50),
    )
    looker = DomainChecker(sandbox_context, cloudflare, DnsObserver(sandbox_context.config), Metrics())
    loop = SyncLoop(sandbox_context, looker, cloudflare)
    task = asyncio.create_task(loop.run())
    yield
    task.cancel()
    await asyncio.wait([task])
    await loop.pool.drain(1)


class Customer:
    """Adds a domain and creates the records that it is told to."""

    def __init__(self, context: Context, sandbox: Sandbox, org: str) -> None:
        self.context = context
        self.sandbox = sandbox
        self.org = org

    async def add(self, name: str, validation: ValidationMethod, *, wildcard: bool = False) -> Domain:
        domain = await additions.add(self.context, self.org, name, validation=validation, wildcard=wildcard)
        await settled(self.context, self.org)
        await self.comes_to(domain, lambda now: all(record.value for record in required_records(now)))
        return await self.now(domain)

    async def now(self, domain: Domain) -> Domain:
        return await queries.get(self.context, self.org, domain.id)

    def create(self, record: RequiredRecord) -> None:
        self.sandbox.set_dns(record.name, record.type, [f"{record.value}."])

    async def comes_to(self, domain: Domain, condition: Callable[[Domain], bool]) -> None:
        async def so() -> bool:
            return condition(await self.now(domain))

        await until(so)


@pytest.fixture
def customer(sandbox_context: Context, quick_sandbox: Sandbox, org: str) -> Customer:
    return Customer(sandbox_context, quick_sandbox, org)


def _ready(domain: Domain) -> bool:
    return domain.is_ready and all(record.is_verified for record in required_records(domain))


def _ahead(domain: Domain) -> bool:
    """Its certificate is there, its traffic is not."""
    assert domain.status is DomainStatus.PENDING_CNAME
    at_cloudflare = (domain.cf_status, domain.cf_ssl_status) == ("pending", "active")
    return at_cloudflare and domain.certificate is not None and domain.challenge_verified


async def test_by_http_the_cname_alone_is_enough(customer: Customer) -> None:
    domain = await customer.add("app.customer.test", "http")
    (routing,) = required_records(domain)
    customer.create(routing)
    await customer.comes_to(domain, _ready)


async def test_by_delegation_the_certificate_is_there_before_the_traffic_moves(customer: Customer) -> None:
    domain = await customer.add("app.customer.test", "delegated")
    routing, challenge = required_records(domain)
    assert challenge.name == "_acme-challenge.app.customer.test"
    customer.create(challenge)
    await customer.comes_to(domain, _ahead)
    customer.create(routing)
    await customer.comes_to(domain, _ready)


async def test_a_wildcard_needs_both_records_and_is_ready_with_one_for_the_names_below(customer: Customer) -> None:
    domain = await customer.add("customer.test", "delegated", wildcard=True)
    routing, challenge, below = required_records(domain)
    customer.create(routing)
    await customer.comes_to(domain, lambda now: now.cf_status == "active")
    assert (await customer.now(domain)).certificate is None
    customer.create(challenge)
    await customer.comes_to(domain, lambda now: now.status is DomainStatus.ACTIVE and now.challenge_verified)
    active = await customer.now(domain)
    assert not active.is_ready
    assert [record.is_verified for record in required_records(active)] == [True, True, False]
    customer.create(below)
    await customer.comes_to(domain, _ready)
    names = await event_names(customer.context, customer.org)
    assert (names.count("domain.active"), names.count("domain.error")) == (1, 0)


async def test_a_name_too_long_for_a_certificate_of_its_own_gets_one_with_branding(customer: Customer) -> None:
    domain = await customer.add(f"{'a' * 60}.customer.test", "http")
    (routing,) = required_records(domain)
    customer.create(routing)
    await customer.comes_to(domain, _ready)
