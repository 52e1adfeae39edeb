"""A real HTTP server that keeps what it receives and answers as a test wants."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDictProxy

from tests.waiting import until

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Received(NamedTuple):
    """A request; `at` is the loop's time at which its body was there."""

    path: str
    headers: CIMultiDictProxy[str]
    body: bytes
    at: float


class Receiver:
    """`answer` decides what it says to all, `answers` to the requests of a path."""

    def __init__(self) -> None:
        self.base = ""
        self.received: list[Received] = []
        self.answer: Answer = ok
        self.answers: dict[str, Answer] = {}
        self.open = 0
        self.most_open = 0

    @property
    def url(self) -> str:
        return f"{self.base}/hooks"

    @property
    def by_path(self) -> Counter[str]:
        """How many requests each path got."""
        return Counter(request.path for request in self.received)

    def ids(self, path: str = "/hooks") -> list[str]:
        """The `webhook-id` of each request to a path, in order."""
        return [request.headers["webhook-id"] for request in self.received if request.path == path]

    async def holds(self, count: int) -> None:
        """Wait until so many requests are open."""

        async def held() -> bool:
            return self.open >= count

        await until(held)

    async def gets(self, count: int, path: str = "/hooks", seconds: float = 30) -> None:
        """Wait until a path got so many requests."""

        async def got() -> bool:
            return self.by_path[path] >= count

        await until(got, seconds)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            body = await request.read()
            now = asyncio.get_running_loop().time()
            self.received.append(Received(request.path, request.headers, body, now))
            return await self.answers.get(request.path, self.answer)(request)
        finally:
            self.open -= 1


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    found = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    found.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


async def ok(request: web.Request) -> web.StreamResponse:
    """Received."""
    return web.Response(text="thanks")


async def never(request: web.Request) -> web.StreamResponse:
    """No answer, until the sender goes away."""
    await asyncio.sleep(60)
    raise AssertionError("nobody waits for so long")


async def dripping(request: web.Request) -> web.StreamResponse:
    """An answer that comes byte by byte and never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b".")
        await asyncio.sleep(0.05)


def saying(status: int, **headers: str) -> Answer:
    """Always this status; underscores of a header's name stand for hyphens."""

    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other; the last one from then on."""
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


class Gate:
    """An answer that waits until the test opens it; `reached` is set by the first request that waits."""

    def __init__(self, answer: Answer = ok) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._answer = answer

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.reached.set()
        await self.opened.wait()
        return await self._answer(request)
