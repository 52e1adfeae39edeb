"""Replies kept for their time to live, and questions that several ask at once asked once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from dcvd.dns.messages.reply import DnsReply

MAX_TTL_S: Final = 300
"""Seconds that anything is kept, whatever its TTL: a customer who corrects a record waits for us."""
_FAILURE_TTL_S: Final = 5
"""Seconds that a failure is kept (RFC 2308 §7 allows five minutes)."""
_MAX_REPLIES: Final = 20_000


class _PendingReply:
    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.reply: DnsReply | None = None


class ReplyCache:
    """Bounded; the oldest reply goes first."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._entries: dict[Hashable, tuple[float, DnsReply]] = {}
        self._pending: dict[Hashable, _PendingReply] = {}

    async def get(
        self, key: Hashable, ask: Callable[[], Awaitable[DnsReply]], *, bypass_cache: bool = False
    ) -> DnsReply:
        """What is kept under the key, else what `ask` gives; `bypass_cache` does not take what is kept."""
        while True:
            kept = None if bypass_cache else self._entries.get(key)
            if kept is not None and self._monotonic() < kept[0]:
                return kept[1]
            flight = self._pending.get(key)
            if flight is None:
                return await self._ask_once(key, ask)
            await flight.done.wait()
            if flight.reply is not None:
                return flight.reply
            # Whoever asked was cut off before the answer came: somebody else has to ask.

    async def _ask_once(self, key: Hashable, ask: Callable[[], Awaitable[DnsReply]]) -> DnsReply:
        flight = self._pending[key] = _PendingReply()
        try:
            reply = await ask()
            flight.reply = reply
            self._store(key, reply)
            return reply
        finally:
            del self._pending[key]
            flight.done.set()

    def _store(self, key: Hashable, reply: DnsReply) -> None:
        said = reply.is_answered or reply.referral is not None
        seconds = min(reply.ttl or 0, MAX_TTL_S) if said else _FAILURE_TTL_S
        self._entries.pop(key, None)
        if seconds <= 0:
            return
        if len(self._entries) >= _MAX_REPLIES:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (self._monotonic() + seconds, reply)
