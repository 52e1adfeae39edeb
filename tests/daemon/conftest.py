"""A sandbox and a receiver in the test's own process, for a daemon in another."""

import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from dcvd.sandbox import Sandbox, SandboxSettings


class Collector:
    """Keeps every delivery: the body of each webhook-id, and how often it came."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: dict[str, set[bytes]] = {}
        self.times: Counter[str] = Counter()
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        identifier = request.headers["webhook-id"]
        self.bodies.setdefault(identifier, set()).add(body)
        self.times[identifier] += 1
        self.requests.append((dict(request.headers), body))
        return web.Response()

    def events(self, kind: str) -> list[str]:
        """The domain names of which an event came, each once."""
        found = (json.loads(next(iter(bodies))) for bodies in self.bodies.values())
        return sorted(body["data"]["domain_name"] for body in found if body["event"] == kind)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A receiver that takes everything."""
    found = Collector()
    application = web.Application()
    application.router.add_post("/hooks", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    yield found
    await runner.cleanup()


@pytest.fixture
async def world() -> AsyncIterator[Sandbox]:
    """A sandbox in which every name below customer.test is a right CNAME."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2)) as running:
        running.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        yield running
