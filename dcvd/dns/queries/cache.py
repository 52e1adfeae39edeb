"""Replies kept for their time to live, and questions that several ask at once asked once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from dcvd.dns.messages.reply import Reply

LONGEST: Final = 300
"""Seconds that anything is kept, whatever its TTL: a customer who corrects a record waits for us."""
_FAILURE: Final = 5
"""Seconds that a failure is kept (RFC 2308 §7 allows five minutes)."""
_MOST_REPLIES: Final = 20_000


class _Flight:
    def __init__(self) -> None:
        self.landed = asyncio.Event()
        self.reply: Reply | None = None


class Cache:
    """Bounded; the oldest reply goes first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[Hashable, tuple[float, Reply]] = {}
        self._flights: dict[Hashable, _Flight] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[Reply]], *, fresh: bool = False) -> Reply:
        """What is kept under the key, else what `ask` gives; `fresh` does not take what is kept."""
        while True:
            kept = None if fresh else self._kept.get(key)
            if kept is not None and self._now() < kept[0]:
                return kept[1]
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key, ask)
            await flight.landed.wait()
            if flight.reply is not None:
                return flight.reply
            # Whoever asked was cut off before the answer came: somebody else has to ask.

    async def _fly(self, key: Hashable, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        flight = self._flights[key] = _Flight()
        try:
            reply = await ask()
            flight.reply = reply
            self._keep(key, reply)
            return reply
        finally:
            del self._flights[key]
            flight.landed.set()

    def _keep(self, key: Hashable, reply: Reply) -> None:
        said = reply.answered or reply.referral is not None
        seconds = min(reply.ttl or 0, LONGEST) if said else _FAILURE
        self._kept.pop(key, None)
        if seconds <= 0:
            return
        if len(self._kept) >= _MOST_REPLIES:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._now() + seconds, reply)
