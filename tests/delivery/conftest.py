"""A real receiver, and a pool at work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from multidict import CIMultiDictProxy

from dcvd.delivery import DeliveryPool
from dcvd.metrics import Metrics
from dcvd.services import organizations, webhooks
from dcvd.services.context import Context

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """Keeps what it receives; `answer` decides what it says."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[CIMultiDictProxy[str], bytes]] = []
        self.answer: Answer = self._ok
        self.open = 0
        self.most_open = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            self.received.append((request.headers, await request.read()))
            return await self.answer(request)
        finally:
            self.open -= 1

    async def _ok(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="thanks")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An HTTP server on loopback."""
    found = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    yield found
    await runner.cleanup()


@pytest.fixture
async def org(context: Context) -> str:
    return (await organizations.create(context, "Acme")).id


@pytest.fixture
async def endpoint(context: Context, org: str, receiver: Receiver) -> str:
    """The receiver as an endpoint for new domains; its id."""
    return (await webhooks.create(context, org, url=receiver.url, events=["domain.added"])).id


@pytest.fixture
async def pool(context: Context) -> AsyncIterator[DeliveryPool]:
    """The pool at work."""
    pool = DeliveryPool(context, Metrics())
    await pool.start()
    task = asyncio.create_task(pool.run())
    yield pool
    task.cancel()
    await asyncio.wait([task])
    await pool.pool.drain(1)
    await pool.close()
