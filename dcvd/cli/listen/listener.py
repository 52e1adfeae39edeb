"""Follows the feed and forwards each event once, in order, across restarts of the daemon and faults of the network."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import aiohttp
from msgspec import Struct

from dcvd.cli.listen.console import Console
from dcvd.cli.listen.feed_reader import WAIT_S, FeedEvent, FeedPage, FeedReader, FeedUnavailable
from dcvd.cli.listen.forwarder import Forwarder
from dcvd.cli.listen.settings import ListenSettings, Start
from dcvd.core.instants import SECOND
from dcvd.core.retry_delays import add_jitter
from dcvd.errors import DcvdError

_MAX_RECONNECT_MS: Final = 10 * SECOND
_MAX_RETRY_MS: Final = 30 * SECOND
_MIN_EMPTY_WAIT_S: Final = 1.0
"""Where the daemon lets nobody wait any longer, it answers at once: then it is asked once a second."""


class Delays(Struct, frozen=True):
    """The first delays in milliseconds; each further one is twice as long."""

    reconnect_ms: int = 500
    retry_ms: int = SECOND


_USUAL_DELAYS: Final = Delays()


class Listener:
    """Forwards what the feed has from `start` on; `position` says up to where that is done."""

    def __init__(
        self, reader: FeedReader, forwarder: Forwarder, console: Console, settings: ListenSettings, delays: Delays
    ) -> None:
        self._reader = reader
        self._forwarder = forwarder
        self._console = console
        self._settings = settings
        self._delays = delays
        self.position = settings.start

    async def run(self) -> None:
        """Forward until it is cancelled. Raises DcvdError for what asking again does not cure."""
        page = await self._connect()
        self._console.show_ready(self._settings, page.events[0].sequence - 1 if page.events else page.next.after or 0)
        while True:
            await self._forward_all(page)
            page = await self._read_on()

    async def _connect(self) -> FeedPage:
        """Read the first page. A daemon that cannot be reached is a wrong URL as long as nothing has answered there."""
        failures = 0
        while True:
            try:
                return await self._reader.read(self.position, wait_s=0)
            except FeedUnavailable as error:
                if not error.was_answered:
                    raise DcvdError(f"{error.message} Is it running, and is --url right?", code=error.code) from error
                await asyncio.sleep(self._note_lost(error, failures))
                failures += 1

    async def _forward_all(self, page: FeedPage) -> None:
        for event in page.events:
            await self._forward(event)
            self.position = Start(after=event.sequence)
        self.position = page.next

    async def _forward(self, event: FeedEvent) -> None:
        for number in range(1, self._settings.retries + 2):
            attempt = await self._forwarder.send(event)
            is_last = attempt.is_accepted or number > self._settings.retries
            delay_ms = None if is_last else min(self._delays.retry_ms << min(number - 1, 20), _MAX_RETRY_MS)
            self._console.show_attempt(event, attempt, number, delay_ms)
            if delay_ms is None:
                return
            await asyncio.sleep(delay_ms / SECOND)

    async def _read_on(self) -> FeedPage:
        """Read the next page, however long the daemon is away."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun = loop.time()
            wait_s = 0 if failures else WAIT_S  # to learn soon that the daemon is back
            try:
                page = await self._reader.read(self.position, wait_s=wait_s)
            except FeedUnavailable as error:
                await asyncio.sleep(self._note_lost(error, failures))
                failures += 1
                continue
            if failures:
                self._console.show_connected()
                failures = 0
            if page.events or page.next != self.position:
                return page
            if wait_s:
                await asyncio.sleep(max(0.0, _MIN_EMPTY_WAIT_S - (loop.time() - begun)))

    def _note_lost(self, error: FeedUnavailable, failures: int) -> float:
        """Show that the feed is away, once, and return the seconds to wait."""
        backoff_ms = min(self._delays.reconnect_ms << min(failures, 20), _MAX_RECONNECT_MS)
        delay_ms = max(add_jitter(backoff_ms, random.random()), error.retry_after_ms)  # noqa: S311  # no secret
        if failures == 0:
            self._console.show_lost(error.message, delay_ms)
        return delay_ms / SECOND


async def listen(
    settings: ListenSettings,
    console: Console,
    *,
    on_position: Callable[[Start], None],
    delays: Delays = _USUAL_DELAYS,
) -> None:
    """Follow the feed until it is cancelled; at the end `on_position` learns up to where events were forwarded."""
    # A kept connection that the other side has closed meanwhile would fail an event for nothing. `force_close` would do
    # the same, and say so in a header that no webhook has.
    connector = aiohttp.TCPConnector(keepalive_timeout=0)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as feed_session,
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        forwarder = Forwarder(session, settings)
        listener = Listener(FeedReader(feed_session, settings), forwarder, console, settings, delays)
        try:
            await listener.run()
        finally:
            on_position(listener.position)
