"""The main job: domains from added to active, with their signed events arriving, against a sandbox in this process."""

import asyncio
import resource
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from dcvd.config import CloudflareConfig, Config, DnsConfig, LoadedConfig, ServerConfig, SocketAddress, parse_address
from dcvd.config.sections import DatabaseConfig, DomainsConfig, SyncConfig, WebhooksConfig
from dcvd.core.events import EventType
from dcvd.core.secret import Secret
from dcvd.daemon import Daemon
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services import organizations
from dcvd.services.domains import additions
from dcvd.services.webhooks import endpoints

_DOMAINS: Final = 500


def run() -> dict[str, float | int | str]:
    """Seconds and rates for 500 domains; the sandbox needs 0.6 s of it for each."""
    return uvloop.run(_run())


async def _run() -> dict[str, float | int | str]:
    arrived: set[bytes] = set()
    done = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        if request.headers["X-DCVaaS-Event"] == EventType.DOMAIN_ACTIVE:
            arrived.add(await request.read())
            if len(arrived) == _DOMAINS:
                done.set()
        return web.Response()

    application = web.Application()
    application.router.add_post("/", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    with tempfile.TemporaryDirectory() as directory:
        async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2)) as sandbox:
            sandbox.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
            loaded = LoadedConfig(
                config=_config(Path(directory), sandbox), path=Path(directory), from_environment=(), warnings=()
            )
            async with Daemon(loaded) as daemon:
                org = await organizations.create(daemon.context, "bench")
                await endpoints.create(daemon.context, org.id, url=url, events=["*"])
                began = time.perf_counter()
                await asyncio.gather(
                    *(additions.add(daemon.context, org.id, f"n{number}.customer.test") for number in range(_DOMAINS))
                )
                added = time.perf_counter() - began
                async with asyncio.timeout(120):
                    await done.wait()
                total = time.perf_counter() - began
    await runner.cleanup()
    return {
        "domains": _DOMAINS,
        "added/s": _DOMAINS / added,
        "seconds until all active were received": total,
        "active/s": _DOMAINS / total,
        "peak RSS MiB (with sandbox and receiver)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _config(directory: Path, sandbox: Sandbox) -> Config:
    return Config(
        server=ServerConfig(listen=(SocketAddress("127.0.0.1", 0),), socket=directory / "dcvd.sock"),
        database=DatabaseConfig(path=directory / "dcvd.db"),
        cloudflare=CloudflareConfig(
            base_url=sandbox.api_url,
            api_token=Secret("sandbox-token"),
            zone_id=sandbox.settings.zone_id,
            cname_target=sandbox.settings.target,
            certificates_per_minute=0,
            requests_per_5m=0,
        ),
        dns=DnsConfig(resolvers=(parse_address(sandbox.dns_address),), authoritative=False),
        domains=DomainsConfig(allow_reserved_tlds=("test",)),
        sync=SyncConfig(tick=50, pending_interval=200),
        webhooks=WebhooksConfig(allow_http=True, allow_private=(IPv4Network("127.0.0.0/8"),)),
    )
