"""Cache replies for their time to live, and ask a question only once when several callers need it at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from dcvd.dns.messages.reply import DnsReply
from dcvd.kit.limits.recent_entries import RecentEntries

MAX_TTL_S: Final = 300
"""The most seconds that a reply is kept, whatever its TTL: a customer who corrects a record waits for us."""
_FAILURE_TTL_S: Final = 5
"""Seconds that a failure is kept (RFC 2308 §7 allows five minutes)."""


class _PendingReply:
    def __init__(self) -> None:
        self.done: asyncio.Event | None = None
        """Made where a second caller waits for it."""
        self.reply: DnsReply | None = None


class ReplyCache:
    """A cache of at most `max_replies` replies; when it is full, the oldest reply is dropped.

    Replies go once they and all that were stored before them have expired, so that names that nobody asks for any more
    take no memory.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, *, max_replies: int = 20_000) -> None:
        self._monotonic = monotonic
        self._entries = RecentEntries[Hashable, tuple[float, DnsReply]](max_replies)
        self._pending: dict[Hashable, _PendingReply] = {}

    def __len__(self) -> int:
        """Return how many replies are held."""
        return len(self._entries)

    def find(self, key: Hashable) -> DnsReply | None:
        """Return the cached reply for the key."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and self._monotonic() < entry[0] else None

    async def get(
        self, key: Hashable, ask: Callable[[], Awaitable[DnsReply]], *, bypass_cache: bool = False
    ) -> DnsReply:
        """Return the cached reply for the key, else the one that `ask` returns. `bypass_cache` always asks."""
        kept = None if bypass_cache else self.find(key)
        return await self.ask(key, ask) if kept is None else kept

    async def ask(self, key: Hashable, ask: Callable[[], Awaitable[DnsReply]]) -> DnsReply:
        """Return and keep the reply that `ask` returns; whoever asks for the key meanwhile gets that one too."""
        while (pending := self._pending.get(key)) is not None:
            if pending.done is None:
                pending.done = asyncio.Event()
            await pending.done.wait()
            if pending.reply is not None:
                return pending.reply
            # The caller that asked was cancelled before the answer came: another one has to ask.
        pending = self._pending[key] = _PendingReply()
        try:
            reply = pending.reply = await ask()
            self._store(key, reply)
            return reply
        finally:
            del self._pending[key]
            if pending.done is not None:
                pending.done.set()

    def _store(self, key: Hashable, reply: DnsReply) -> None:
        has_content = reply.is_answered or reply.referral is not None
        ttl_s = min(reply.ttl or 0, MAX_TTL_S) if has_content else _FAILURE_TTL_S
        now = self._monotonic()
        while self._entries and self._entries[next(iter(self._entries))][0] <= now:
            self._entries.popitem(last=False)
        if ttl_s > 0:
            self._entries[key] = (now + ttl_s, reply)
        else:
            self._entries.pop(key, None)
