"""The feed of a daemon that fails as a test wants, and what the listener shows."""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from dcvd.cli.listen.feed_reader import FeedEvent
from dcvd.cli.listen.forwarder import ForwardedAttempt
from dcvd.cli.listen.listener import Delays, listen
from dcvd.cli.listen.settings import ListenSettings, Start
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import new_secret
from tests.waiting import until

TOKEN: Final = Secret("dcv_live_" + "0" * 32)
QUICK: Final = Delays(reconnect_ms=1, retry_ms=1)
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FeedServer:
    """Answers `GET /api/events`; each of `faults` is the answer to one request instead."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []
        self.faults: deque[Fault] = deque()
        self.requests: list[web.Request] = []
        self.lets_wait = True
        self._changed = asyncio.Event()

    def add(self, count: int, event: str = "domain.active") -> None:
        """Store so many events."""
        for _ in range(count):
            sequence = len(self.bodies) + 1
            data = {"domain_id": "dom_1", "domain_name": f"bücher{sequence}.example"}
            body = {"event": event, "timestamp": "2026-01-15T10:30:00Z", "data": data, "id": f"evt_{sequence}"}
            encoded = json.dumps(body | {"sequence": sequence}, separators=(",", ":"), ensure_ascii=False)
            self.bodies.append(encoded.encode())
        self._changed.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.faults:
            return await self.faults.popleft()(request)
        query = request.query
        after = int(query["after"]) if "after" in query else max(0, len(self.bodies) - int(query["last"]))
        wait_s = int(request.headers["Prefer"].removeprefix("wait=")) if self.lets_wait else 0
        if after >= len(self.bodies) and wait_s:
            self._changed.clear()
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        return web.Response(body=self.page(after, int(query["limit"])), content_type="application/json")

    def page(self, after: int, limit: int = 250) -> bytes:
        """The answer with the events behind one."""
        found = self.bodies[after : after + limit]
        end = b'],"nextCursor":"%d","hasMore":false}' % (after + len(found))
        return b'{"events":[' + b",".join(found) + end


class RecordingConsole:
    """Keeps what it would show."""

    def __init__(self) -> None:
        self.after: int | None = None
        self.attempts: list[tuple[int, ForwardedAttempt, int, int | None]] = []
        self.lost: list[str] = []
        self.connected_count = 0

    def show_ready(self, settings: ListenSettings, after: int) -> None:
        self.after = after

    def show_attempt(self, event: FeedEvent, attempt: ForwardedAttempt, number: int, retry_in_ms: int | None) -> None:
        self.attempts.append((event.sequence, attempt, number, retry_in_ms))

    def show_lost(self, message: str, retry_in_ms: int) -> None:
        self.lost.append(message)

    def show_connected(self) -> None:
        self.connected_count += 1

    def show_stopped(self, position: Start) -> None: ...

    @property
    def errors(self) -> list[str | None]:
        """What went wrong with each attempt."""
        return [attempt.error for _, attempt, _, _ in self.attempts]

    async def is_ready(self) -> None:
        """Wait until the listener is connected."""

        async def ready() -> bool:
            return self.after is not None

        await until(ready)

    async def shows(self, count: int) -> None:
        """Wait for so many attempts."""

        async def shown() -> bool:
            return len(self.attempts) >= count

        await until(shown)


@asynccontextmanager
async def serving_feed() -> AsyncIterator[FeedServer]:
    """A feed on a free port of loopback."""
    server = FeedServer()
    application = web.Application()
    application.router.add_get("/api/events", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(
    feed: FeedServer, forward_to: str, **options: Any
) -> AsyncIterator[tuple[RecordingConsole, ListenSettings]]:
    """A listener at work. At the end it is cancelled, and its failure raised if it had one."""
    secret = new_secret(lambda count: bytes(itertools.islice(itertools.count(7), count)))
    settings = ListenSettings(url=feed.url, token=TOKEN, forward_to=forward_to, signing_secret=secret, **options)
    console = RecordingConsole()
    work = asyncio.create_task(listen(settings, console, on_position=lambda _: None, delays=QUICK), name="test.listen")
    try:
        yield console, settings
    finally:
        work.cancel()
        await asyncio.wait([work])
        if not work.cancelled():
            work.result()


async def run_to_failure(feed: FeedServer, forward_to: str = "http://127.0.0.1:9/hook") -> Exception:
    """The error with which a listener ends by itself."""
    settings = ListenSettings(url=feed.url, token=TOKEN, forward_to=forward_to, signing_secret=Secret("00" * 32))
    console = RecordingConsole()
    async with asyncio.timeout(30):
        (found,) = await asyncio.gather(
            listen(settings, console, on_position=lambda _: None, delays=QUICK), return_exceptions=True
        )
    assert isinstance(found, Exception)
    return found
