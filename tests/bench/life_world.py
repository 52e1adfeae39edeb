"""What stands around the daemon of the life bench, in a process of its own: Cloudflare, DNS and a tenant's receiver.

`python -m tests.bench.life_world DOMAINS` prints where they are as JSON; then, once that many `domain.active` have
arrived, the CPU seconds that it has used.
"""

import asyncio
import sys
import time

import msgspec
import uvloop
from aiohttp import web

from dcvd.core.events import EventType
from dcvd.kit.logs.configuration import configure_logging
from dcvd.sandbox import Sandbox, SandboxSettings


async def _serve(domains: int) -> None:
    arrived: set[bytes] = set()
    done = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        if request.headers["X-DCVaaS-Event"] == EventType.DOMAIN_ACTIVE:
            arrived.add(await request.read())
            if len(arrived) == domains:
                done.set()
        return web.Response()

    application = web.Application()
    application.router.add_post("/", receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2)) as sandbox:
        sandbox.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        world = {
            "api": sandbox.api_url,
            "dns": sandbox.dns_address,
            "zone": sandbox.settings.zone_id,
            "target": sandbox.settings.target,
            "receiver": f"http://127.0.0.1:{runner.addresses[0][1]}/",
        }
        print(msgspec.json.encode(world).decode(), flush=True)
        before = time.process_time()
        await done.wait()
        print(time.process_time() - before, flush=True)
    await runner.cleanup()


if __name__ == "__main__":
    configure_logging(level="error")
    uvloop.run(_serve(int(sys.argv[1])))
