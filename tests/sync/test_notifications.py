"""A notification of Cloudflare's brings about a look, by the loop at work."""

import asyncio

from msgspec.structs import replace

from dcvd.core.custom_hostnames.notifications import CloudflareNotification
from dcvd.core.instants import HOUR
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler, NotificationOutcome
from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop
from tests.waiting import until

NAME = "app.customer.test"


async def test_the_hostname_that_it_names_is_looked_at_although_its_turn_is_far(
    sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    context = sandbox_context
    # Without the hint the loop would not even look what is due.
    context.live_config.value = replace(context.config, sync=replace(context.config.sync, tick=HOUR))
    org = (await organizations.create(context, "Acme")).id
    domain = await additions.add(context, org, NAME)
    await checks.postpone(context, domain, context.now() + HOUR)
    loop = SyncLoop(context, DomainChecker(context, cloudflare, DnsObserver(context.config), Metrics()), cloudflare)
    task = asyncio.create_task(loop.run())

    async def looked_at() -> bool:
        return (await queries.get(context, org, domain.id)).dns_checked_at is not None

    try:
        quick_sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
        assert (
            await CloudflareNotificationHandler(context, Metrics()).handle(
                CloudflareNotification(event_id="e1", hostname=NAME)
            )
            is NotificationOutcome.DUE
        )
        await until(looked_at, 5)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await loop.pool.drain(1)
