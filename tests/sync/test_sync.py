"""The loop that looks, against real DNS and a real API."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.events import EventType
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.errors import Retryable
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.lifecycle import checks
from dcvd.store import events
from dcvd.sync.checker import DomainChecker, ListedHostname
from dcvd.sync.loop import SyncLoop
from tests.faults import fault
from tests.services.views import event_names
from tests.waiting import until


@pytest.fixture(autouse=True)
def _waits_are_short(sandbox_context: Context) -> None:
    config = sandbox_context.config
    sandbox_context.live_config.value = replace(config, sync=replace(config.sync, tick=20, pending_interval=50))


@pytest.fixture
def looker(sandbox_context: Context, cloudflare: CloudflareClient) -> DomainChecker:
    return DomainChecker(sandbox_context, cloudflare, DnsObserver(sandbox_context.config), Metrics())


@pytest.fixture
async def loop(
    sandbox_context: Context, org: str, looker: DomainChecker, cloudflare: CloudflareClient
) -> AsyncIterator[SyncLoop]:
    """The loop at work."""
    loop = SyncLoop(sandbox_context, looker, cloudflare)
    task = asyncio.create_task(loop.run())
    yield loop
    task.cancel()
    await asyncio.wait([task])
    await loop.pool.drain(1)


async def _registered(context: Context, cloudflare: CloudflareClient, org: str, name: str) -> Domain:
    domain = await additions.add(context, org, name)
    looked = await checks.record(context, domain.id, [await cloudflare.create(name)])
    assert looked is not None
    return looked


async def test_a_look_sees_dns_and_cloudflare_as_one(
    sandbox_context: Context, org: str, looker: DomainChecker, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    domain = await _registered(sandbox_context, cloudflare, org, "app.customer.test")
    looked = await looker.check(domain)
    assert looked is not None
    assert (looked.status, looked.dns_state) == (DomainStatus.PENDING_CNAME, DnsState.FAILED)
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["edge.sandbox.test."])
    looked = await looker.check(looked)
    assert looked is not None
    assert looked.dns_state is DnsState.VERIFIED
    assert looked.status in (DomainStatus.ISSUING, DomainStatus.ACTIVE)


async def test_what_a_requested_check_causes_comes_of_the_request(
    sandbox_context: Context, org: str, looker: DomainChecker, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    domain = await _registered(sandbox_context, cloudflare, org, "app.customer.test")
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["edge.sandbox.test."])
    assert await looker.check(domain, request_id="0123456789abcdef") is not None
    stored = await sandbox_context.database.read(lambda snapshot: events.list_of_org(snapshot, org, after=0, limit=10))
    by_type = {event.type: event.request_id for event in stored}
    assert by_type[EventType.DNS_VERIFIED] == "0123456789abcdef"
    assert by_type[EventType.DOMAIN_ADDED] is None


async def test_what_dns_said_is_kept_when_cloudflare_fails(
    sandbox_context: Context, org: str, looker: DomainChecker, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    domain = await _registered(sandbox_context, cloudflare, org, "app.customer.test")
    await fault(quick_sandbox, kind="status", status=503)
    with pytest.raises(Retryable):
        await looker.check(domain)
    stored = await queries.get(sandbox_context, org, domain.id)
    assert stored.dns_state is DnsState.FAILED
    assert stored.cf_checked_at == domain.cf_checked_at


async def test_a_look_at_a_domain_that_was_removed_meanwhile_stores_nothing(
    sandbox_context: Context, org: str, looker: DomainChecker
) -> None:
    domain = await additions.add(sandbox_context, org, "app.customer.test")
    await removals.remove(sandbox_context, org, domain.id)
    assert await looker.check(domain) is None


@pytest.mark.usefixtures("loop")
async def test_the_loop_brings_a_domain_to_active(
    sandbox_context: Context, org: str, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    domain = await _registered(sandbox_context, cloudflare, org, "app.customer.test")
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["edge.sandbox.test."])

    async def active() -> bool:
        return (await queries.get(sandbox_context, org, domain.id)).is_ready

    await until(active)
    names = await event_names(sandbox_context, org)
    assert [name for name in names if name != "dns.check_failed"] == ["domain.added", "dns.verified", "domain.active"]


@pytest.mark.usefixtures("loop")
@pytest.mark.sweep
async def test_domains_that_always_fail_hold_up_no_other(
    sandbox_context: Context, org: str, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    for number in range(40):
        stuck = await additions.add(sandbox_context, org, f"stuck{number}.customer.test")
        # An id that Cloudflare answers with nonsense at each look.
        await checks.record(
            sandbox_context,
            stuck.id,
            [CloudflareHostname(id=f"broken-{number}", hostname=stuck.name, status="pending", ssl_status=None)],
        )
    await fault(quick_sandbox, method="GET", path="/zones/*/custom_hostnames/broken-*", kind="status", status=500)
    healthy = await _registered(sandbox_context, cloudflare, org, "app.customer.test")
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["edge.sandbox.test."])

    async def active() -> bool:
        return (await queries.get(sandbox_context, org, healthy.id)).is_ready

    await until(active, seconds=100)


async def test_a_fault_of_ours_at_one_domain_puts_it_off_and_not_the_loop(
    sandbox_context: Context, org: str, looker: DomainChecker, cloudflare: CloudflareClient
) -> None:
    bad = await additions.add(sandbox_context, org, "bad.customer.test")
    good = await additions.add(sandbox_context, org, "good.customer.test")

    class Faulty:
        async def check_due(self, domain: Domain, lane: CheckLane, listed: ListedHostname | None = None) -> None:
            if domain.id == bad.id:
                raise RuntimeError("a fault of ours")
            await looker.check_due(domain, lane, listed)

    loop = SyncLoop(sandbox_context, Faulty(), cloudflare)
    task = asyncio.create_task(loop.run())

    async def seen() -> bool:
        return (await queries.get(sandbox_context, org, good.id)).dns_state is DnsState.FAILED

    await until(seen)
    task.cancel()
    await asyncio.wait([task])
    await loop.pool.drain(1)
    assert (await queries.get(sandbox_context, org, bad.id)).next_check_at > sandbox_context.now() + 60_000
    assert loop.pool.failure_count == 1
