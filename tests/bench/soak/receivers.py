"""Receivers of webhooks that fail at random: slow, 500, closed, gone."""

import asyncio
import random
from collections import Counter
from enum import StrEnum
from typing import Final

from aiohttp import web

from tests.bench.soak.ledger import Ledger
from tests.free_ports import find_free_port

_SLOWEST_S: Final = 4.0


class Mood(StrEnum):
    """How a receiver behaves for a while."""

    WELL = "well"
    SLOW = "slow"
    FAULTY = "faulty"
    CLOSING = "closing"
    AWAY = "away"
    GONE = "gone"


_WEIGHTS: Final = {Mood.WELL: 10, Mood.SLOW: 3, Mood.FAULTY: 3, Mood.CLOSING: 2, Mood.AWAY: 2, Mood.GONE: 1}


class Receiver:
    """One receiver of a tenant, at an address of its own."""

    def __init__(self, ledger: Ledger, name: str, dice: random.Random) -> None:
        self.name = name
        self.mood = Mood.WELL
        self.hopeless = False
        self.requests = 0
        self._ledger = ledger
        self._dice = dice
        self._port = find_free_port()
        self._site: web.TCPSite | None = None
        application = web.Application()
        application.router.add_post("/", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        ledger.arrivals[name] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    async def start(self) -> None:
        await self._runner.setup()
        await self.take(Mood.WELL)

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def take(self, mood: Mood) -> None:
        """Be in that mood from now on. Nobody listens where the receiver is away."""
        self.mood = mood
        if mood is Mood.AWAY:
            if self._site is not None:
                await self._site.stop()
                self._site = None
        elif self._site is None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
            await self._site.start()

    async def change(self) -> None:
        """Take a mood at random."""
        (mood,) = self._dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        await self.take(mood)

    async def calm(self) -> None:
        await self.take(Mood.WELL)

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        if self.hopeless:
            return web.Response(status=500)
        match self.mood:
            case Mood.FAULTY | Mood.AWAY:
                return web.Response(status=self._dice.choice([500, 502, 503]))
            case Mood.GONE:
                # One is enough: the endpoint is disabled by it, until its owner enables it again.
                self.mood = Mood.WELL
                return web.Response(status=410)
            case Mood.CLOSING:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Mood.SLOW:
                await asyncio.sleep(self._dice.uniform(0, _SLOWEST_S))
            case Mood.WELL:
                pass
        self._ledger.arrive(self.name, request.headers["webhook-id"], body)
        return web.Response()
