"""The sandbox of the sync bench, in a process of its own: `python -m tests.bench.sync_sandbox HOSTNAMES LIMIT WINDOW`.

Prints where it listens as JSON, and runs until its standard input ends.
"""

import asyncio
import sys

import msgspec
import uvloop

from dcvd.kit.logs.configuration import configure_logging
from dcvd.sandbox import Sandbox, SandboxSettings


async def _serve(hostnames: int, limit: int, window: float) -> None:
    settings = SandboxSettings(
        api_port=0, dns_port=0, edge_port=0, preloaded=hostnames, rate_limit=limit, rate_window_s=window
    )
    async with Sandbox(settings) as sandbox:
        sandbox.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        print(msgspec.json.encode({"api": sandbox.api_url, "dns": sandbox.dns_address}).decode(), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(msgspec.json.encode({"refused": sandbox.world.rate.refused_count}).decode(), flush=True)


if __name__ == "__main__":
    configure_logging(level="error")
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
