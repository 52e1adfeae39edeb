"""The main job: domains from added to active, with their signed events arriving.

The daemon is alone in this process. Cloudflare, DNS and the receiver are in another: the daemon spares its callers by
the share of a processor that its process takes, of which theirs is no part.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from msgspec import Struct

from dcvd.config import CloudflareConfig, Config, DnsConfig, LoadedConfig, ServerConfig, SocketAddress, parse_address
from dcvd.config.sections import DatabaseConfig, DomainsConfig, SyncConfig, WebhooksConfig
from dcvd.core.secret import Secret
from dcvd.daemon import Daemon
from dcvd.daemon.run import SWITCH_INTERVAL_S
from dcvd.kit.garbage import settle_garbage_collection
from dcvd.services import organizations
from dcvd.services.domains import additions
from dcvd.services.webhooks import endpoints

_DOMAINS: Final = 500


class _World(Struct, frozen=True):
    api: str
    dns: str
    zone: str
    target: str
    receiver: str


def run() -> dict[str, float | int | str]:
    """Seconds and rates for 500 domains; the sandbox needs 0.6 s of it for each."""
    with _surround() as (world, process):
        return uvloop.run(_run(world, process))


async def _run(world: _World, process: "subprocess.Popen[str]") -> dict[str, float | int | str]:
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as directory:
        loaded = LoadedConfig(
            config=_config(Path(directory), world), path=Path(directory), from_environment=(), warnings=()
        )
        async with Daemon(loaded) as daemon:
            org = await organizations.create(daemon.context, "bench")
            await endpoints.create(daemon.context, org.id, url=world.receiver, events=["*"])
            settle_garbage_collection()  # as a daemon does, once it has begun
            sys.setswitchinterval(SWITCH_INTERVAL_S)
            began, cpu_before = time.perf_counter(), time.process_time()
            await asyncio.gather(
                *(additions.add(daemon.context, org.id, f"n{number}.customer.test") for number in range(_DOMAINS))
            )
            added = time.perf_counter() - began
            async with asyncio.timeout(120):
                world_cpu = float(await asyncio.to_thread(process.stdout.readline))
            total, cpu = time.perf_counter() - began, time.process_time() - cpu_before
    return {
        "domains": _DOMAINS,
        "added/s": _DOMAINS / added,
        "seconds until all active were received": total,
        "active/s (target: 150)": _DOMAINS / total,
        "daemon, ms CPU a domain": cpu / _DOMAINS * 1000,
        "sandbox and receiver, ms CPU a domain": world_cpu / _DOMAINS * 1000,
        "daemon's peak RSS MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@contextmanager
def _surround() -> Iterator[tuple[_World, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "tests.bench.life_world", str(_DOMAINS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=_World), process
        finally:
            process.kill()


def _config(directory: Path, world: _World) -> Config:
    return Config(
        server=ServerConfig(listen=(SocketAddress("127.0.0.1", 0),), socket=directory / "dcvd.sock"),
        database=DatabaseConfig(path=directory / "dcvd.db"),
        cloudflare=CloudflareConfig(
            base_url=world.api,
            api_token=Secret("sandbox-token"),
            zone_id=world.zone,
            cname_target=world.target,
            certificates_per_minute=0,
            requests_per_5m=0,
        ),
        dns=DnsConfig(resolvers=(parse_address(world.dns),), authoritative=False),
        domains=DomainsConfig(allow_reserved_tlds=("test",)),
        sync=SyncConfig(tick=50, pending_interval=200),
        webhooks=WebhooksConfig(allow_http=True, allow_private=(IPv4Network("127.0.0.0/8"),)),
    )
